"""Who is answered when there are more requests than can be: overload is refused at once, never answered late."""

from gateway.admission.admission import Admission, OverloadedError
from gateway.admission.counts import Counts
from gateway.admission.lag import LoopLag
from gateway.admission.width import Width

__all__ = ["Admission", "Counts", "LoopLag", "OverloadedError", "Width"]
