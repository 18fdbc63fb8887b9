# Two images. `worker`, the default: the worker process and the `insyz` command.
# `simulator`: a stand-in for INSYZ, for trying things out.

FROM python:3.13.14-slim-bookworm AS python

FROM python AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
# The environment needs no pip of its own: the base image's installs into it.
RUN python -m venv --without-pip /opt/venv
COPY requirements.txt /tmp/
RUN pip --python /opt/venv/bin/python install --require-hashes -r /tmp/requirements.txt
# [project.scripts] by hand: installing the project would take a build backend, which has no hash
# in requirements.txt.
RUN printf '%s\n' '#!/opt/venv/bin/python' \
        'from starter.__main__ import entry_point' \
        'entry_point()' > /opt/venv/bin/insyz \
    && chmod 755 /opt/venv/bin/insyz
WORKDIR /app
COPY activities activities
COPY insyz insyz
COPY lifetime lifetime
COPY observability observability
COPY starter starter
COPY workflows workflows
COPY worker.py .
# Nothing can be written at run time, so all is compiled now.
RUN python -m compileall -q --invalidation-mode unchecked-hash .

FROM build AS build-simulator
# All of the development requirements for aiohttp's sake: this image is a tool for tests.
COPY requirements-dev.txt /tmp/
RUN pip --python /opt/venv/bin/python install --require-hashes -r /tmp/requirements-dev.txt
COPY simulator simulator
RUN python -m compileall -q --invalidation-mode unchecked-hash simulator \
    && mkdir /data

FROM python AS runtime
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    INSYZ_STATE_DIR=/tmp/insyz
WORKDIR /app
USER 10001:10001
# Both processes finish what is under way, then leave.
STOPSIGNAL SIGTERM

FROM runtime AS simulator
COPY --from=build-simulator /opt/venv /opt/venv
COPY --from=build-simulator /app /app
COPY --from=build-simulator --chown=10001:10001 /data /data
EXPOSE 8090
CMD ["python", "-m", "simulator", "--host", "0.0.0.0", "--port", "8090", "--db", "/data/insyz.sqlite3", "--verbose"]

FROM runtime AS worker
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# No entry point, so that a command can take the worker's place: `docker run … insyz status 53773`.
CMD ["python", "worker.py"]
