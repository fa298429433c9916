/**
 * Runs firmware/code.py on a real MicroPython VM, with the stand-ins of ./board for what the VM lacks.
 *
 * Usage: deno run -A run_firmware.ts CODE_PY DRIVE SECONDS
 * DRIVE is a folder that becomes the board's drive and receives what the board leaves on it; SECONDS is how long
 * the power lasts, in board time. Standard output is the board's console.
 */
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

const [codePath, drive, seconds] = Deno.args;
const HEAP_BYTES = 1024 * 1024;

const vm = await loadMicroPython({ heapsize: HEAP_BYTES, stdout: (line: string) => console.log(line), linebuffer: true });

function copyIn(from: string, to: string): void {
  for (const entry of Deno.readDirSync(from)) {
    if (entry.isDirectory) {
      vm.FS.mkdir(`${to}/${entry.name}`);
      copyIn(`${from}/${entry.name}`, `${to}/${entry.name}`);
    } else {
      vm.FS.writeFile(`${to}/${entry.name}`, Deno.readFileSync(`${from}/${entry.name}`));
    }
  }
}

function copyOut(from: string, to: string): void {
  for (const name of vm.FS.readdir(from)) {
    if ([".", "..", "dev", "proc", "home", "tmp", "stand_ins"].includes(name)) continue;
    const path = `${from === "/" ? "" : from}/${name}`;
    if (vm.FS.isDir(vm.FS.stat(path).mode)) {
      Deno.mkdirSync(`${to}/${name}`, { recursive: true });
      copyOut(path, `${to}/${name}`);
    } else {
      Deno.writeFileSync(`${to}/${name}`, vm.FS.readFile(path));
    }
  }
}

vm.FS.mkdir("/stand_ins");
copyIn(`${import.meta.dirname}/board`, "/stand_ins");
copyIn(drive, "");
vm.FS.writeFile("/code.py", Deno.readFileSync(codePath));
vm.runPython(`
import sys
sys.path[:] = ["/stand_ins", "/"]
import gc, start
`);
// This VM collects garbage only between two calls from outside.
vm.runPython("gc.collect()");
vm.runPython("before = gc.mem_alloc()");
vm.runPython(`start.run(${Number(seconds)})`);
vm.runPython("gc.collect()");
vm.runPython("print('heap:', gc.mem_alloc() - before)");
copyOut("/", drive);
