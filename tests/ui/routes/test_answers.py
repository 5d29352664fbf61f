from email.message import Message

import pytest

from sxt.ui.routes.answers import attachment


@pytest.mark.parametrize(
    ("name", "plain", "full"),
    [
        ("cell 7.tif", "cell 7.tif", "cell 7.tif"),
        ("Zelle µ ä.tif", "Zelle  a.tif", "Zelle µ ä.tif"),
        ("小林.zip", "download.zip", "小林.zip"),
        ('a"; filename="evil.exe', "a__ filename__evil.exe", 'a"; filename="evil.exe'),
        ("../../etc/passwd", "_.._etc_passwd", "_.._etc_passwd"),
        ("a\r\nSet-Cookie: x.tif", "a__Set-Cookie_ x.tif", "a__Set-Cookie: x.tif"),
        ("", "download", "download"),
        ("...", "download", "download"),
    ],
)
def test_a_file_name_survives_the_header_and_breaks_nothing(name, plain, full):
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    assert f'filename="{plain}"' in header
    message = Message()
    message["Content-Disposition"] = header.split("; filename=")[0] + ";" + header.split("; ")[-1]
    assert message.get_content_disposition() == "attachment"
    assert message.get_filename() == full
