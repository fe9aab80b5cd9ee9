# Two stages: durable_rules has no wheel and needs a C compiler, which the image that runs does not.
FROM python:3.11.14-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/doorstep
ENV PATH=/opt/doorstep/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
# The dependencies stand in a layer of their own, so that a change of code does not install them again.
COPY pyproject.toml requirements.lock ./
RUN python -c "import tomllib; print('\n'.join(tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies']))" > wanted.txt \
    && pip install --quiet -c requirements.lock -r wanted.txt
COPY . .
RUN pip install --quiet --no-deps .

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin doorstep \
    && install -d -o doorstep -g doorstep /var/lib/doorstep
COPY --from=build /opt/doorstep /opt/doorstep
ENV PATH=/opt/doorstep/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DOORSTEP_HOME=/var/lib/doorstep \
    DOORSTEP_HOST=0.0.0.0
USER 10001
WORKDIR /var/lib/doorstep
EXPOSE 8080
# For the gateway. docker-compose.yml gives the other services checks of their own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=5 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('DOORSTEP_PORT', '8080') + '/healthz', timeout=2)"]
ENTRYPOINT ["doorstep"]
CMD ["serve"]
