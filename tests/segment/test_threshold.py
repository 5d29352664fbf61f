import subprocess
import sys


def test_settings_and_thresholds_need_no_torch():
    code = "import sys; from sxt.segment import SegmentSettings, mask_from_probability; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
