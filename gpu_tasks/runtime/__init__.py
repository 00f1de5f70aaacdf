"""Models as instruments see them: sources of weights, the adapter on TransformerBridge, one step from spec to output. No Django."""

import os

# The libraries read these once, on import; weights come from verified local files only, so no server is ever asked.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
# Progress is reported by the step; bars of the libraries would only spoil the log.
os.environ.setdefault("TQDM_DISABLE", "1")
