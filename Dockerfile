# Two stages: wheels are installed by hash in the first, the second holds nothing else.
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/rotator && python -m venv /opt/build
COPY requirements.lock requirements-build.lock ./
RUN /opt/rotator/bin/pip install --require-hashes --only-binary :all: -r requirements.lock \
    && /opt/build/bin/pip install --require-hashes --only-binary :all: -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY rotator rotator
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/rotator/bin/pip install --no-deps --no-index /wheels/*.whl \
    && /opt/rotator/bin/pip uninstall --yes pip

FROM ${BASE}
LABEL org.opencontainers.image.title="rotator" \
      org.opencontainers.image.description="Keeps every long-lived access key younger than policy" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/rotator /opt/rotator
COPY config/providers /usr/share/rotator/providers
RUN install --directory --owner 65532 --group 65532 --mode 0700 /var/lib/rotator
ENV PATH=/opt/rotator/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /var/lib/rotator
EXPOSE 8080
ENTRYPOINT ["rotator"]
CMD ["run"]
