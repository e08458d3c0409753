// A receipt of the chain, computed again by the engine's WebAssembly module for browsers.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Engine, differences } from '../precompiles/engine/web/page/engine.mjs';
import {
  cli, digitFile, engineModule, modelFile, path, pixels, releaseName, url, webUser,
} from './common.js';

let directory;
let engine;
let receipt;

const inputs = (data) => [
  { name: 'image', dtype: 'f32', shape: [1, 1, 8, 8], data: `0x${Buffer.from(data).toString('hex')}` },
];

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'noema-web.'));
  engine = await Engine.instantiate(readFileSync(engineModule));
  const inferred = cli(
    'infer', releaseName, '--input', `image=${digitFile}`, '--suri', webUser, '--url', url,
  );
  receipt = cli('receipt', String(inferred.receipt), '--url', url);
});

after(() => rmSync(directory, { recursive: true, force: true }));

test('the module computes the receipt of the chain from model and input', () => {
  engine.load(readFileSync(modelFile));
  const answer = engine.infer(inputs(pixels()));
  assert.equal(answer.outputHash, receipt.outputHash);
  assert.deepEqual(answer.outputs, receipt.outputs);
  assert.deepEqual(differences(receipt, answer), []);
});

test('another input, another model and a receipt with other bytes are told apart', () => {
  engine.load(readFileSync(modelFile));
  const other = pixels();
  other[4 * 10] ^= 1;
  assert.notDeepEqual(differences(receipt, engine.infer(inputs(other))), []);

  const answer = engine.infer(inputs(pixels()));
  const forged = structuredClone(receipt);
  forged.outputs[0].data = forged.outputs[0].data.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
  assert.deepEqual(differences(forged, answer), [`output ${forged.outputs[0].name}: another data`]);

  assert.throws(() => engine.infer([{ ...inputs(pixels())[0], name: 'picture' }]), /image/);
  assert.throws(() => engine.load(new TextEncoder().encode('no model')), /ONNX/);
});

test('the script for Node.js says whether a receipt is right', () => {
  const file = (name, value) => {
    const at = join(directory, name);
    writeFileSync(at, JSON.stringify(value));
    return at;
  };
  const verify = (of) =>
    spawnSync(process.execPath, [
      path('../precompiles/engine/web/page/verify.mjs'), engineModule, modelFile,
      file('inputs.json', inputs(pixels())), file('receipt.json', of),
    ], { encoding: 'utf8' });
  const right = verify(receipt);
  assert.equal(right.status, 0, right.stderr);
  const wrong = verify({ ...receipt, outputHash: `0x${'00'.repeat(32)}` });
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /hash of the outputs/);
});
