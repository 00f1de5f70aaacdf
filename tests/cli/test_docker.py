"""Container files, as far as they can be checked without an engine."""

import configparser
import json
import re
import subprocess

import environ
import pytest
import yaml

from cli.paths import ROOT

DOCKER = ROOT / "docker"
ONE_SHOTS = {"bucket", "setup"}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DOCKER / "compose.yml").read_text())


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docker") / "secrets"
    subprocess.run(["sh", DOCKER / "make-secrets", folder], check=True, capture_output=True)
    return folder


def secret_names(service):
    return {entry if isinstance(entry, str) else entry["source"] for entry in service.get("secrets", [])}


def test_every_secret_used_is_declared_and_made(compose, secrets):
    declared = {name: entry["file"] for name, entry in compose["secrets"].items()}
    assert set().union(*map(secret_names, compose["services"].values())) == set(declared)
    assert {path.name for path in secrets.iterdir()} == set(declared)
    assert set(declared.values()) == {f"./secrets/{name}" for name in declared}


def test_files_named_in_the_environment_are_secrets_of_the_service(compose):
    for name, service in compose["services"].items():
        named = {value.removeprefix("/run/secrets/") for value in service.get("environment", {}).values() if str(value).startswith("/run/secrets/")}
        assert named <= secret_names(service), name


def test_no_password_stands_in_the_files(compose):
    for path in (DOCKER / "compose.yml", DOCKER / "web.Dockerfile", DOCKER / "worker.Dockerfile"):
        assert not re.search(r"(?i)(password|secret_key|passphrase)[A-Z_]*\s*[:=]\s*(?!/run/secrets/|\{file:)\S", path.read_text()), path


def test_settings_read_secrets_from_the_named_files(compose):
    settings = (ROOT / "config" / "settings.py").read_text()
    assert "FileAwareEnv" in settings
    for name in compose["services"]["web"]["environment"]:
        if not name.startswith("AWS_"):
            assert f'"{name.removesuffix("_FILE")}"' in settings, name


def test_services_wait_for_set_up_and_say_how_they_are(compose):
    for name, service in compose["services"].items():
        if name in ONE_SHOTS:
            assert service.get("restart", "no") == "no", name
            continue
        assert service["restart"] == "unless-stopped", name
        # The web image carries its own check.
        assert "healthcheck" in service or name == "web", name
    assert "HEALTHCHECK" in (DOCKER / "web.Dockerfile").read_text()
    for name in ("web", "model-worker", "light-worker"):
        assert compose["services"][name]["depends_on"]["setup"] == {"condition": "service_completed_successfully"}


def test_web_is_healthy_only_when_it_is_ready():
    assert "http://127.0.0.1:8000/readyz" in (DOCKER / "web.Dockerfile").read_text()


def test_only_the_web_is_published_and_only_to_this_machine(compose):
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert list(published) == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in published["web"])


def test_images_are_pinned(compose):
    images = [service["image"] for service in compose["services"].values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", (DOCKER / "web.Dockerfile").read_text() + (DOCKER / "worker.Dockerfile").read_text(), re.MULTILINE)
    assert len(images) == 6
    assert all(":" in image and not image.endswith(":latest") for image in images)


@pytest.mark.parametrize("name", ["web.Dockerfile", "worker.Dockerfile"])
def test_images_do_not_run_as_root_and_copy_what_exists(name):
    text = (DOCKER / name).read_text()
    assert text.index("USER 10001") < text.index("\nCMD")
    assert not re.search(r"^USER (root|0)", text, re.MULTILINE)
    for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source


def test_exactly_one_service_runs_the_schedule(compose):
    assert [name for name, service in compose["services"].items() if "-B" in service.get("command", [])] == ["light-worker"]


def test_queues_of_the_embedded_workers_are_served_in_containers_too(compose):
    worker = (DOCKER / "worker.Dockerfile").read_text()
    assert '"-Q", "gpu"' in worker
    assert "cpu,reports,webhooks" in compose["services"]["light-worker"]["command"]


def test_made_secrets_fit_together(secrets):
    def text(name):
        return (secrets / name).read_text()

    database = environ.Env.db_url_config(text("database_url"))
    assert (database["HOST"], database["PASSWORD"]) == ("database", text("postgres_password"))
    assert text("rabbitmq_user").splitlines()[1] == f"default_pass = {text('broker_url').split(':')[2].split('@')[0]}"
    credentials = json.loads(text("s3_identities"))["identities"][0]["credentials"][0]
    aws = configparser.ConfigParser()
    aws.read_string(text("aws_credentials"))
    assert dict(aws["default"]) == {"aws_access_key_id": credentials["accessKey"], "aws_secret_access_key": credentials["secretKey"]}
    assert len(text("key_passphrase")) == 48
    assert secrets.stat().st_mode & 0o077 == 0


def test_secrets_are_never_replaced(secrets):
    before = (secrets / "key_passphrase").read_text()
    again = subprocess.run(["sh", DOCKER / "make-secrets", secrets], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "never replaced" in again.stderr
    assert (secrets / "key_passphrase").read_text() == before


def test_secrets_stay_out_of_the_repository_and_the_images():
    assert "secrets/" in (DOCKER / ".gitignore").read_text().split()
    assert "docker/secrets" in (ROOT / ".dockerignore").read_text().split()


def test_web_image_leaves_only_model_libraries_out():
    left_out = (DOCKER / "model-libraries.txt").read_text().split()
    pinned = (ROOT / "requirements.txt").read_text()
    assert all(f"\n{name}==" in pinned for name in left_out)
    assert "--excludes model-libraries.txt" in (DOCKER / "web.Dockerfile").read_text()
