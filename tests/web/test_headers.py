import pytest

from tests.web.serving import Person, Served, register

PATHS = (
    "/",
    "/secret",
    "/nosuch",
    "/signin",
    "/signin/link?token=x",
    "/auth/session",
    "/live",
    "/view/calibration",
    "/view/calibration?dataset=9",
    "/upload",
    "/export/calibration.csv?dataset=9",
    "/export/calibration.exe?dataset=9",
    "/assets/plotly.js?v=1",
    "/assets/nosuch.js",
    "/_stcore/health",
    "/_stcore/metrics",
    "/_stcore/host-config",
    "/_stcore/agent/openapi.json",
    "/media/nosuch.csv",
    "/static/nosuch.js",
    "/%2e%2e/%2e%2e/etc/passwd",
    "//evil",
)


@pytest.fixture(scope="module")
def ann(served: Served) -> Person:
    return register("headers ann")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("signed_in", [True, False])
def test_every_answer_carries_every_header(
    served: Served, ann: Person, path: str, method: str, signed_in: bool
) -> None:
    with served.client(ann if signed_in else None) as client:
        answer = client.request(method, path)
    assert answer.status_code < 500
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors" in policy
    assert "unsafe-eval" not in policy.replace("wasm-unsafe-eval", "")
    assert "script-src 'self' 'unsafe-inline'" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] in ("DENY", "SAMEORIGIN")
    assert len(answer.headers["x-request-id"]) == 16
    assert not any(word in answer.text[:3000] for word in ("Traceback", "site-packages", str(served.home), "sqlite"))


@pytest.mark.parametrize(
    "path", ["/view/calibration?dataset=9", "/_stcore/metrics", "/export/calibration.csv?dataset=9"]
)
def test_private_answers_are_not_kept(served: Served, ann: Person, path: str) -> None:
    with served.client(ann) as client:
        assert client.get(path).headers["cache-control"] in ("no-store", "no-cache")


def test_errors_are_json_with_a_code_and_a_sentence(served: Served, ann: Person) -> None:
    with served.client(ann) as client:
        missing = client.get("/view/calibration?dataset=9")
        assert (missing.status_code, sorted(missing.json())) == (404, ["code", "message"])
        for path in ("/view/calibration", "/view/calibration?dataset=-1", "/view/calibration?dataset=1e9"):
            assert client.get(path).status_code == 400
        assert client.get(f"/view/calibration?dataset={2**40}").status_code == 400
        assert client.get("/assets/nosuch.js").json()["code"] == "http_404"
