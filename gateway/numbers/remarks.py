"""What a report says of a source that does not keep what it claims; the answer is right all the same."""

LIMIT_IGNORED = "limit ignored"
CUT = "pages shorter than asked"
REPEATED = "page repeated"
TOTAL_DIFFERS = "total differs from the rows"
UNSORTED = "not in the order that was asked for"
UNSTABLE = "changed faster than it could be read: rows may be missing"
