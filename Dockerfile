# The gateway as a container image: built in one stage, run from a bare second
# one that has neither pip nor a compiler, as a user that owns nothing.
#
#   docker build --tag llmrpc-server .      (or: make image)
#
# The base is pinned by digest: the tag is for readers, the digest decides.
ARG BASE_IMAGE=python:3.11.16-slim-bookworm@sha256:528257d48c1da0dcecc2e725d1ae34498d60c965f1241e39cd6a85a8859bdf84

FROM ${BASE_IMAGE} AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ONLY_BINARY=:all: \
    PIP_REQUIRE_VIRTUALENV=1

WORKDIR /src

# The dependencies first: they change less often than the sources.
COPY server/requirements.txt server/build-requirements.txt server/
RUN python3 -m venv /build \
    && /build/bin/python -m pip install --require-hashes -r server/build-requirements.txt \
    && python3 -m venv /opt/llmrpc \
    && /opt/llmrpc/bin/python -m pip install --require-hashes -r server/requirements.txt

COPY clients/python clients/python
COPY server server
RUN /build/bin/python -m pip wheel --no-deps --no-index --no-build-isolation \
        --wheel-dir /wheels ./clients/python ./server \
    && /opt/llmrpc/bin/python -m pip install --no-deps --no-index /wheels/*.whl \
    && /opt/llmrpc/bin/python -m pip check \
    && /opt/llmrpc/bin/python -m pip uninstall --yes setuptools pip

FROM ${BASE_IMAGE}

LABEL org.opencontainers.image.title="llmrpc-server" \
      org.opencontainers.image.description="One gRPC contract for every LLM provider" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN groupadd --gid 10001 llmrpc \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin llmrpc
COPY --from=build /opt/llmrpc /opt/llmrpc

# In a container loopback reaches nobody, so the server listens on every
# interface. It then refuses to start without TLS or callers' keys, unless
# LLMRPC_ALLOW_ANONYMOUS=1 is given: a choice this image does not make.
ENV LLMRPC_ADDRESS=0.0.0.0:50051 \
    PATH=/opt/llmrpc/bin:$PATH \
    PYTHONUNBUFFERED=1

USER 10001:10001
EXPOSE 50051
STOPSIGNAL SIGTERM

# The standard grpc.health.v1 Check of the whole server, over a real connection.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["llmrpc-server", "health"]

ENTRYPOINT ["llmrpc-server"]
