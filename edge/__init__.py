"""The on-device runtime of Hearthside: hear, understand, act, answer."""

import os

# ONNX Runtime's packages for Linux tell its makers how it is used, with a number of the machine's own, unless this is
# set before it is loaded (microsoft/onnxruntime, pull requests 27379 and 29843). Nothing leaves the house unasked. No
# part of the product loads it without this package; tests/security/test_nothing_leaves.py looks on.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
