# The base is an argument: any image whose python3 is 3.11 or newer; the build stage needs its venv module too.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

# hadolint ignore=DL3006
FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python3 -m venv /opt/build && python3 -m venv --without-pip /opt/eventcluster
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN /opt/build/bin/pip install --quiet --require-hashes --only-binary :all: --requirement requirements/build.txt \
 && /opt/build/bin/pip --python /opt/eventcluster/bin/python3 install --quiet --require-hashes --only-binary :all: \
    --requirement requirements/runtime.txt \
 && find /opt/eventcluster -type d -name tests -prune -exec rm -rf {} +
# The hot modules are compiled where a compiler can be had; without one they run as plain Python, several times slower.
# hadolint ignore=DL3008
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends gcc libc6-dev python3-dev >/dev/null \
 && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml setup.py README.md LICENSE ./
COPY processor processor
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/build/bin/pip --python /opt/eventcluster/bin/python3 install --quiet --no-index --no-deps dist/*.whl

# hadolint ignore=DL3006
FROM ${BASE}
ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="eventcluster" \
      org.opencontainers.image.description="Streaming DBSCAN over process and logon events: reads Kafka, publishes the unusual ones, explained" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build /opt/eventcluster /opt/eventcluster
ENV PATH=/opt/eventcluster/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    EVENTCLUSTER_WEB__HOST=0.0.0.0
# A number, so that Kubernetes' runAsNonRoot can tell; it owns no file of the image.
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/opt/eventcluster/bin/python3", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ.get('EVENTCLUSTER_WEB__PORT', '8080') + '/livez', timeout=4)"]
ENTRYPOINT ["/opt/eventcluster/bin/eventcluster"]
CMD ["run", "--config", "/etc/eventcluster/eventcluster.yaml"]
