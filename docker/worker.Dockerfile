# The worker image: set-up job, model workers and the light worker.
# CPU:  docker build -f docker/worker.Dockerfile -t assay-worker .
# CUDA: docker build -f docker/worker.Dockerfile -t assay-worker:cuda --build-arg TORCH_BACKEND=cu130 .
FROM python:3.11-slim-bookworm
ARG TORCH_BACKEND=cpu

RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/assay
COPY pyproject.toml requirements.txt ./
# The project's dependencies without its test tools, at the locked versions.
RUN pip install --no-cache-dir uv==0.13.8 \
    && uv pip install --system --no-cache --compile-bytecode --torch-backend="${TORCH_BACKEND}" --constraints requirements.txt -r pyproject.toml

COPY . .
RUN useradd --uid 10001 --user-group --no-create-home assay \
    && install -d -o assay -g assay -m 700 /var/lib/assay /var/cache/assay
USER 10001
ENV PYTHONPATH=/srv/assay PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/var/cache/assay \
    DJANGO_SETTINGS_MODULE=config.settings ASSAY_VAR=/var/lib/assay ASSAY_CACHE=/var/cache/assay
# One thread per model worker, so that results do not depend on the number of cores.
ENV OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE
CMD ["celery", "-A", "config", "worker", "-Q", "gpu", "--pool", "prefork", "--concurrency", "1", "--prefetch-multiplier", "1", \
     "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
