"""What a training loop works with besides networks and data."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sxt.progress import CancelToken, ProgressCallback
from sxt.segment.device import Device
from sxt.train.folder import RunFolder
from sxt.train.parallel import Processes
from sxt.train.prepare import InputForm
from sxt.train.settings import TrainingSettings


@dataclass(frozen=True)
class TrainingPlan:
    """What a loop works with besides networks and data.

    Parameters
    ----------
    settings : TrainingSettings
    form : InputForm
    device : Device
    learning_rate : float
        At its peak.
    threshold : float
        Probability above which a pixel is foreground.
    folder : RunFolder
    processes : Processes
    progress : callable
    cancel : CancelToken
    clock : callable
        Seconds that only grow.
    """

    settings: TrainingSettings
    form: InputForm
    device: Device
    learning_rate: float
    threshold: float
    folder: RunFolder
    processes: Processes
    progress: ProgressCallback
    cancel: CancelToken
    clock: Callable[[], float] = field(default=time.monotonic)
