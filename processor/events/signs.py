"""JSON by its bytes: what scan.py, readings.py and skim.py look for."""

from typing import Final

MAX_DEPTH: Final = 12
MAX_DIGITS: Final = 24
# Digits that are below 2**63 whatever they are.
SURE_DIGITS: Final = 18

# Bytes that stand for themselves within a string; bytes behind a backslash; hexadecimal digits.
PLAIN: Final = bytes(32 <= byte < 128 and byte not in b'"\\' for byte in range(256))
ESCAPES: Final = bytes(byte in b'"\\/bfnrt' for byte in range(256))
HEX: Final = bytes(
    int(chr(byte), 16) if chr(byte) in "0123456789abcdefABCDEF" else 255 for byte in range(256)
)
QUOTE, BACKSLASH, COMMA, COLON, SPACE = 34, 92, 44, 58, 32
OPEN, CLOSE, OPEN_LIST, CLOSE_LIST = 123, 125, 91, 93
ZERO, NINE, MINUS, POINT, SMALL_N, SMALL_U, SMALL_X = 48, 57, 45, 46, 110, 117, 120
