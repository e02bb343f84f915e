"""Puts a conversation of 2,000 messages (2 MB) where salon keeps its database: seed_salon.py HOME."""
import os
import subprocess
import sys

cache = os.environ.get("LAB_CACHE") or os.path.join(os.environ.get("TMPDIR", "/tmp"), "salon-lab")
data = os.path.join(sys.argv[1], ".local/share/salon")
os.makedirs(data, mode=0o700, exist_ok=True)
subprocess.run([os.path.join(cache, "bin/fill"), "--data-dir", data, "--history", "2000", "--bytes", "1000"],
               check=True, stdout=subprocess.DEVNULL)
