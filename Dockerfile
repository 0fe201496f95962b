# The gateway as uid 10001 on a root file system that may be read-only. Without a command it serves the simulators:
#
#   docker run --read-only --publish 8000:8000 IMAGE
#   docker run --read-only --publish 8000:8000 --volume gateway-state:/state --volume ./gateway.toml:/etc/gateway.toml:ro IMAGE \
#     serve --config /etc/gateway.toml --host 0.0.0.0
#
# A volume at /state keeps what outlives a container: events, and the key that signs cursors. GraphiQL comes along as `sh scripts/console` has built it; without
# that a small console stands in for it. `sh scripts/image` builds both and proves what is said here.

ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# First what changes seldom: a change of the gateway alone keeps this layer.
COPY requirements-image.lock ./
RUN python3 -m venv /opt/gateway \
    && /opt/gateway/bin/python -m pip install --require-hashes --only-binary :all: --requirement requirements-image.lock
COPY pyproject.toml README.md ./
COPY gateway ./gateway
# pip has done its work then, and goes.
RUN /opt/gateway/bin/python -m pip wheel --no-deps --wheel-dir dist . \
    && /opt/gateway/bin/python -m pip install --no-deps dist/*.whl \
    && /opt/gateway/bin/python -m pip uninstall --yes pip

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="numbers-gateway" \
      org.opencontainers.image.description="One GraphQL graph over the telephone numbers of several providers" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/gateway/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY --from=builder /opt/gateway /opt/gateway
RUN install --directory --owner=10001 --group=10001 /state
WORKDIR /state
USER 10001:10001
EXPOSE 8000
# Asked without urllib, which would go through a configured proxy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; gateway = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('GATEWAY_SERVER__PORT', '8000')), timeout=4); gateway.request('GET', '/health'); sys.exit(gateway.getresponse().status != 200)"]
ENTRYPOINT ["gateway"]
CMD ["demo", "--host", "0.0.0.0", "--port", "8000", "--insecure"]
