/**
 * Says whether a program compiles within a heap of a fixed size on a MicroPython VM, whose objects are as large as an
 * ESP32's: "fits" or "does not fit".
 *
 * Usage: deno run -A compile_heap.ts CODE_PY KIBIBYTES
 * The program is imported, as a board reads it: piece by piece, never whole in memory. It ends before its first line.
 */
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

const [codePath, kibibytes] = Deno.args;
const vm = await loadMicroPython({ heapsize: Number(kibibytes) * 1024, stdout: (line: string) => console.log(line), linebuffer: true });

vm.FS.writeFile("/program.py", "raise StopIteration\n" + Deno.readTextFileSync(codePath));
vm.runPython("import gc\ngc.collect()");
vm.runPython("heap = gc.mem_alloc() + gc.mem_free()");
vm.runPython("try:\n  import program\nexcept StopIteration:\n  pass");
// This VM adds to its heap what does not fit, and its free memory counts what it could add: the sum stays the same
// exactly if the heap sufficed.
vm.runPython("print('fits' if gc.mem_alloc() + gc.mem_free() == heap else 'does not fit')");
