"""What an operator says of the sources, and is told of them: their limits, their last minute, and who is left alone."""

from gateway.sources.declaration import SourcesFile
from gateway.sources.reading import Sources, apply, own_limits, read_sources
from gateway.sources.states import TOO_LONG, SourceState, SourceStates
from gateway.sources.watching import SourceWatch

__all__ = ["TOO_LONG", "SourceState", "SourceStates", "SourceWatch", "Sources", "SourcesFile", "apply", "own_limits"]
__all__ += ["read_sources"]
