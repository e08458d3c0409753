// Runs a WASI program under Node.js: wasi.mjs PROGRAM.wasm DIRECTORY [ARGUMENT]...
// The program sees DIRECTORY, and nothing else of the machine, as `/`.

import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

const [program, directory, ...args] = process.argv.slice(2);
const wasi = new WASI({
  version: 'preview1',
  args: [program, ...args],
  preopens: { '/': directory },
});
const module = await WebAssembly.compile(await readFile(program));
const instance = await WebAssembly.instantiate(module, {
  // What `getImportObject` returns, which Node.js 18 does not have yet.
  wasi_snapshot_preview1: wasi.wasiImport,
});
process.exitCode = wasi.start(instance);
