# Two stages: wheels are installed by hash in the first; the second has no pip and no compiler.
# BASE needs Python 3.11 or later with venv, and a shell; pin it: BASE=name@sha256:...
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
WORKDIR /src
RUN python -m venv /opt/build && python -m venv --without-pip /opt/rotator
COPY requirements.lock requirements-build.lock ./
RUN /opt/build/bin/pip --python /opt/rotator/bin/python install --no-compile \
        --require-hashes --only-binary :all: -r requirements.lock \
    && /opt/build/bin/pip install --require-hashes --only-binary :all: -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY rotator rotator
ARG SOURCE_DATE_EPOCH
# Bytecode is checked against nothing at run time: its files never change, and the same sources
# give the same image whatever their dates are.
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/build/bin/pip --python /opt/rotator/bin/python install --no-compile --no-deps \
        --no-index /wheels/*.whl \
    && /opt/rotator/bin/python -m compileall -q -f \
        --invalidation-mode unchecked-hash /opt/rotator/lib

FROM ${BASE}
# What installs software in the base is of no use here, but to an intruder.
RUN find / -xdev \( -path '*/bin/pip*' -o -path '*-packages/pip' -o -path '*-packages/pip-*' \
        -o -path '*/python3*/ensurepip' -o -name 'pip-*.whl' \) -prune -exec rm -rf {} + \
    && install --directory --owner 65532 --group 65532 --mode 0700 /var/lib/rotator
COPY config/providers /usr/share/rotator/providers
COPY --from=build /opt/rotator /opt/rotator
ENV PATH=/opt/rotator/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /var/lib/rotator
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-I", "-c", "import http.client as h, sys; c = h.HTTPConnection('127.0.0.1', 8080, timeout=4); c.request('GET', '/livez'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["rotator"]
CMD ["run"]
ARG VERSION=
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="rotator" \
      org.opencontainers.image.description="Keeps every long-lived access key younger than policy" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
