"""The contract that every adapter keeps, as a suite of tests to inherit. Ships with the product, needs no plugin."""

from adapters.testing.contract import AdapterContract
from adapters.testing.http_contract import HttpUnderTest, HttpWireContract
from adapters.testing.http_wire import HttpAnswer, HttpAsked, HttpWire
from adapters.testing.http_wrongs import HTTP_WRONGS, HttpWrong
from adapters.testing.postgres_contract import PostgresUnderTest, PostgresWireContract
from adapters.testing.postgres_wire import PostgresWire
from adapters.testing.postgres_wrongs import POSTGRES_WRONGS, PostgresWrong
from adapters.testing.source import HOSTILE_KEYS, Misbehaviour, SeenCall, SourceUnderTest, every_field
from adapters.testing.wrongs import Wrong

__all__ = ["HOSTILE_KEYS", "HTTP_WRONGS", "POSTGRES_WRONGS", "AdapterContract", "HttpAnswer", "HttpAsked"]
__all__ += ["HttpUnderTest", "HttpWire", "HttpWireContract", "HttpWrong", "Misbehaviour", "PostgresUnderTest"]
__all__ += ["PostgresWire", "PostgresWireContract", "PostgresWrong", "SeenCall", "SourceUnderTest", "Wrong"]
__all__ += ["every_field"]
