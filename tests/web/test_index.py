from tests.web.serving import Served, register
from web import index


def test_every_screen_starts_under_our_name(served: Served) -> None:
    with served.client(register("index ann")) as client:
        for page in index.PAGES:
            answer = client.get(page)
            assert answer.status_code == 200
            assert "<title>Plumbline</title>" in answer.text
            assert "Streamlit</title>" not in answer.text
            assert "service-desc" not in answer.text
            assert "/static/js/index." in answer.text
        other = client.get("/nosuch")
    assert other.status_code == 200
    assert {"/", "/calibration", "/settings"} <= set(index.PAGES)


def test_streamlit_s_own_words_are_gone() -> None:
    html = index.document().body.decode()
    assert "agent" not in html
    assert html.count("<noscript>") == 1
    assert html.count("/assets/fonts/inter.ttf") == 1
    assert "SourceSans" not in html
    assert '<div id="root"></div>' in html
