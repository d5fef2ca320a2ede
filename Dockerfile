# One image for every process: `docker run IMAGE web`, drain, worker, prepare, create_site…
FROM python:3.11-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 GOATAPI_DATA_DIR=/data HOST=0.0.0.0
WORKDIR /srv/goatapi
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY . .
RUN useradd --system --uid 900 goatapi && install -d -o goatapi -g goatapi -m 700 /data
USER goatapi
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["python", "manage.py"]
CMD ["web"]
