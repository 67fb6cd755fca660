# SPDX-License-Identifier: Apache-2.0
"""How scripts end: with what their body returns, or with one sentence."""

import sys


class PeerError(Exception):
    """Why a peer has nothing to say; its text is a sentence for people."""


def report(body):
    """Runs a script; what went wrong becomes one line and exit status 2."""
    try:
        sys.exit(body())
    except (PeerError, OSError) as error:
        print(f"{sys.argv[0].rpartition('/')[2]}: {str(error).splitlines()[0]}", file=sys.stderr)
        sys.exit(2)
