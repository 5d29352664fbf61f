from sxt.ui.surface.scene_view import leading_page


def test_the_page_in_the_frame_leads_to_the_scene_and_holds_no_script_of_others():
    page = leading_page('/sxt/api/surfaces/x/scene.html?v=1&"><script>alert(1)</script>')
    assert "location.replace(document.body.dataset.scene)" in page
    assert 'data-scene="/sxt/api/surfaces/x/scene.html?v=1&amp;&quot;&gt;&lt;script' in page
    assert page.count("<script>") == 1
