# The web image: everything except the libraries that load models.
# Build from the project folder: docker build -f docker/web.Dockerfile -t assay-web .
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/assay
COPY pyproject.toml requirements.txt docker/model-libraries.txt ./
# The project's dependencies without its test tools, at the locked versions.
RUN pip install --no-cache-dir uv==0.13.8 \
    && uv pip install --system --no-cache --compile-bytecode --excludes model-libraries.txt --constraints requirements.txt -r pyproject.toml

COPY . .
RUN useradd --uid 10001 --user-group --no-create-home assay \
    && install -d -o assay -g assay -m 700 /var/lib/assay /var/cache/assay
USER 10001
ENV PYTHONPATH=/srv/assay PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp \
    DJANGO_SETTINGS_MODULE=config.settings ASSAY_VAR=/var/lib/assay ASSAY_CACHE=/var/cache/assay
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s \
    CMD ["python", "-m", "cli.healthcheck", "http://127.0.0.1:8000/readyz"]
CMD ["gunicorn", "config.wsgi:application", "--config", "config/gunicorn.py", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
