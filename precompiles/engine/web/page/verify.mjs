// Computes an inference again and compares it with a receipt, under Node.js:
//
//   node verify.mjs ENGINE.wasm MODEL.onnx INPUTS.json [RECEIPT.json]
//
// INPUTS.json is a list of tensors, {"name", "dtype", "shape", "data": "0x..."}; RECEIPT.json is what
// `noema receipt ID --json`, `noema infer --json` or `noema model run --json` prints. Without a
// receipt the answer is printed. The exit code is 1 if anything differs.

import { readFile } from 'node:fs/promises';

import { Engine, differences } from './engine.mjs';

const [module, model, inputs, receipt] = process.argv.slice(2);
if (inputs === undefined) {
  console.error('usage: verify.mjs ENGINE.wasm MODEL.onnx INPUTS.json [RECEIPT.json]');
  process.exit(1);
}
const json = async (path) => JSON.parse(await readFile(path, 'utf8'));
const engine = await Engine.instantiate(await readFile(module));
engine.load(await readFile(model));
const answer = engine.infer(await json(inputs));
if (receipt === undefined) {
  console.log(JSON.stringify(answer));
} else {
  const found = differences(await json(receipt), answer);
  found.forEach((line) => console.error(line));
  console.log(found.length === 0 ? 'the receipt is right' : 'the receipt is wrong');
  process.exitCode = found.length === 0 ? 0 : 1;
}
