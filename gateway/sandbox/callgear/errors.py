"""Every error the Data API has: its mnemonic, its non-unique code and its text.

https://callgear.github.io/data_api/#error-handling
"""

from enum import StrEnum

from gateway.sandbox.exchange import Row


class Mnemonic(StrEnum):
    """The unique words for errors, by which the vendor wants them told apart."""

    PARSE_ERROR = "parse_error"
    INVALID_REQUEST = "invalid_request"
    METHOD_NOT_FOUND = "method_not_found"
    NOTIFICATIONS_NOT_SUPPORTED = "notifications_not_supported"
    BATCH_OPERATIONS_NOT_SUPPORTED = "batch_operations_not_supported"
    DATA_TYPE_ERROR = "data_type_error"
    REQUIRED_PARAMETER_MISSED = "required_parameter_missed"
    INVALID_PARAMETER_VALUE = "invalid_parameter_value"
    UNEXPECTED_PARAMETERS = "unexpected_parameters"
    INVALID_PARAMETERS_COMBINATION = "invalid_parameters_combination"
    SORT_PROHIBITED = "sort_prohibited"
    FILTER_PROHIBITED = "filter_prohibited"
    DATE_INTERVAL_LIMIT_REACHED = "date_interval_limit_reached"
    ERROR = "error"
    ACCESS_TOKEN_EXPIRED = "access_token_expired"  # noqa: S105 - an error, not a credential
    ACCESS_TOKEN_INVALID = "access_token_invalid"  # noqa: S105 - an error, not a credential
    ACCESS_TOKEN_BLOCKED = "access_token_blocked"  # noqa: S105 - an error, not a credential
    AUTH_ERROR = "auth_error"
    IP_NOT_WHITELISTED = "ip_not_whitelisted"
    FORBIDDEN = "forbidden"
    METHOD_COMPONENT_DISABLED = "method_component_disabled"
    PARAMETER_COMPONENT_DISABLED = "parameter_component_disabled"
    ACCOUNT_INACTIVE = "account_inactive"
    LIMIT_EXCEEDED = "limit_exceeded"
    INTERNAL_ERROR = "internal_error"


ERRORS: dict[Mnemonic, tuple[int, str]] = {
    Mnemonic.PARSE_ERROR: (-32700, "Invalid JSON was received by the server."),
    Mnemonic.INVALID_REQUEST: (-32600, "Invalid Request The JSON sent is not a valid Request object"),
    Mnemonic.METHOD_NOT_FOUND: (-32601, "The method does not exist / is not available"),
    Mnemonic.NOTIFICATIONS_NOT_SUPPORTED: (-32099, "Notifications not supported"),
    Mnemonic.BATCH_OPERATIONS_NOT_SUPPORTED: (-32099, "Batch operations not supported"),
    Mnemonic.DATA_TYPE_ERROR: (-32602, "Data supplied is of wrong type"),
    Mnemonic.REQUIRED_PARAMETER_MISSED: (-32602, "The required parameter has been missed"),
    Mnemonic.INVALID_PARAMETER_VALUE: (-32602, "Invalid parameter value"),
    Mnemonic.UNEXPECTED_PARAMETERS: (-32602, "Unexpected method parameter(s)"),
    Mnemonic.INVALID_PARAMETERS_COMBINATION: (-32602, "The combination of parameters is not permitted"),
    Mnemonic.SORT_PROHIBITED: (-32602, "Sort by parameter is prohibited"),
    Mnemonic.FILTER_PROHIBITED: (-32602, "Filter by parameter is prohibited"),
    Mnemonic.DATE_INTERVAL_LIMIT_REACHED: (-32602, "Max value of requested date interval is 3 months"),
    Mnemonic.ERROR: (-32602, "Something else went wrong"),
    Mnemonic.ACCESS_TOKEN_EXPIRED: (-32001, "Access token has been expired"),
    Mnemonic.ACCESS_TOKEN_INVALID: (-32001, "Access token is invalid"),
    Mnemonic.ACCESS_TOKEN_BLOCKED: (-32001, "Access token has been blocked"),
    Mnemonic.AUTH_ERROR: (-32001, "Login or password is wrong"),
    Mnemonic.IP_NOT_WHITELISTED: (-32003, "Your IP 203.0.113.7 is not whitelisted"),
    Mnemonic.FORBIDDEN: (-32003, "Permission denied"),
    Mnemonic.METHOD_COMPONENT_DISABLED: (
        -32008,
        "You need at least one of the following components to access this method: data_api",
    ),
    Mnemonic.PARAMETER_COMPONENT_DISABLED: (
        -32008,
        "You need at least one of the following components to access this parameter: data_api",
    ),
    Mnemonic.ACCOUNT_INACTIVE: (-32009, "Your account has been disabled, contact the support service"),
    Mnemonic.LIMIT_EXCEEDED: (
        -32029,
        "Limit per {limit_type} has been exceeded. Value of current limit per {limit_type} is {limit_max_value}",
    ),
    Mnemonic.INTERNAL_ERROR: (-32603, "Internal error, contact the support service"),
}
UNLIMITED_CODES = frozenset({-32700, -32600, -32601, -32099, -32001})
"""Codes of errors found before limits apply: their metadata has no `limits`."""


class RpcError(Exception):
    """A rule of the API was broken; `field` is the parameter, with `.` between the levels."""

    def __init__(
        self, mnemonic: Mnemonic, field: str | None = None, value: object = None, params: Row | None = None
    ) -> None:
        super().__init__(mnemonic)
        self.mnemonic = mnemonic
        self.field = field
        self.value = value
        self.params = params or {}

    def content(self, limits: Row) -> Row:
        """Return the `error` member of the answer; `limits` is the account's present state."""
        code, text = ERRORS[self.mnemonic]
        limited = code not in UNLIMITED_CODES and self.mnemonic is not Mnemonic.IP_NOT_WHITELISTED
        data: Row = {
            "mnemonic": self.mnemonic,
            "field": self.field,
            "value": None if self.value is None else str(self.value),
            "params": self.params,
            "extended_helper": None,
            "metadata": {"limits": limits} if limited and limits else {},
        }
        return {"code": code, "message": text.format_map(self.params) if self.params else text, "data": data}
