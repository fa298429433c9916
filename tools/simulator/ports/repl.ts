/**
 * The REPL of a real MicroPython VM, whose drive is the simulated board's.
 *
 * Standard input: one JSON line per turn, {"keys": base64}. Standard output: lines {"call": [name, ...arguments]}, each
 * answered on standard input by {"ok": value} or {"errno": number}, and at the end of a turn {"out": base64, "left":
 * whether the REPL was left}. Everything is synchronous, as on the board.
 */
// deno-lint-ignore no-import-prefix -- the version is the one of tests/micropython, held by deno.lock
import { loadMicroPython } from "npm:@micropython/micropython-webassembly-pyscript@1.27.0/micropython.mjs";

const HEAP_BYTES = 2 * 1024 * 1024;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

let output: number[] = [];
let unread = new Uint8Array();

const vm = await loadMicroPython({
  heapsize: HEAP_BYTES,
  linebuffer: false,
  stdout: (bytes: Uint8Array) => {
    for (const byte of bytes) {
      if (byte === LINE_FEED && output.at(-1) !== CARRIAGE_RETURN) output.push(CARRIAGE_RETURN);
      output.push(byte);
    }
  },
});

function readLine(): string | null {
  while (true) {
    const end = unread.indexOf(LINE_FEED);
    if (end >= 0) {
      const line = unread.slice(0, end);
      unread = unread.slice(end + 1);
      return new TextDecoder().decode(line);
    }
    const buffer = new Uint8Array(65536);
    const count = Deno.stdin.readSync(buffer);
    if (count === null) return null;
    unread = new Uint8Array([...unread, ...buffer.subarray(0, count)]);
  }
}

function writeLine(value: unknown): void {
  const bytes = new TextEncoder().encode(JSON.stringify(value) + "\n");
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

vm.registerJsModule("bridge", {
  call: (text: string): string => {
    writeLine({ call: JSON.parse(text) });
    return readLine() ?? '{"errno": 19}';
  },
});

// os, open and storage as on the board; what they do happens on the simulated board's FatFs.
vm.runPython(`
import binascii, bridge, builtins, json, sys

def _call(*arguments):
    reply = json.loads(bridge.call(json.dumps(arguments)))
    if "errno" in reply:
        raise OSError(reply["errno"])
    return reply["ok"]

class _File:
    def __init__(self, path, mode="r"):
        self._handle = _call("open", path, mode)
    def read(self, size=-1):
        return binascii.a2b_base64(_call("read", self._handle, size).encode())
    def write(self, data):
        return _call("write", self._handle, binascii.b2a_base64(data).decode())
    def close(self):
        _call("close", self._handle)

class _Module:
    pass

def _function(name):
    def call(*arguments):
        result = _call(name, *arguments)
        return tuple(result) if name in ("stat", "statvfs") else result
    return call

_os = _Module()
for _name in ("listdir", "stat", "statvfs", "rename", "remove", "mkdir"):
    setattr(_os, _name, _function(_name))
sys.modules["os"] = _os
_storage = _Module()
class _Mount:
    readonly = property(lambda mount: _call("readonly"))

_storage.getmount = lambda path: _Mount()
sys.modules["storage"] = _storage
_espidf = _Module()
_espidf.get_total_psram = lambda: _call("psram")
sys.modules["espidf"] = _espidf
builtins.open = _File
`);
vm.replInit();

for (let line = readLine(); line !== null; line = readLine()) {
  let left = false;
  for (const key of Uint8Array.fromBase64(JSON.parse(line).keys)) left ||= vm.replProcessChar(key) !== 0;
  writeLine({ out: new Uint8Array(output).toBase64(), left });
  output = [];
}
