"""The messages of the package llmrpc.v1, under one name: `from llmrpc import v1 as pb`.

The service's stubs need grpc and are imported by themselves, from
`llmrpc.v1.llm_service_pb2_grpc`.
"""

from llmrpc.v1.error_pb2 import *
from llmrpc.v1.llm_service_pb2 import *
from llmrpc.v1.message_pb2 import *
from llmrpc.v1.model_pb2 import *
from llmrpc.v1.request_pb2 import *
from llmrpc.v1.response_pb2 import *
from llmrpc.v1.usage_pb2 import *
