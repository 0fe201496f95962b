"""Room 2, pure. What is true of one provider's API only lives in that provider's file.

No waiting, no clock, no cache, no settings but its own; providers know nothing of one another.
"""

from gateway.providers.callgear import CallGear
from gateway.providers.cloudlx import CloudLX
from gateway.providers.eight_by_eight import EightByEight
from gateway.providers.webex import Webex

PROVIDERS = (EightByEight, Webex, CloudLX, CallGear)
