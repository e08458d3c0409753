// An inference and its receipt through polkadot-api (PAPI), with nothing generated beforehand.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Keyring } from '@polkadot/keyring';
import { Binary, createClient, Enum } from 'polkadot-api';
import { getPolkadotSigner, withMetadataHash } from 'polkadot-api/signer';
import { getWsProvider } from 'polkadot-api/ws';
import { WebSocket } from 'ws';

import { argmax, label, localOutputs, papiUser, pixels, release, url } from './common.js';

let client;
let api;
let pair;

before(async () => {
  // Node.js has a WebSocket of its own only from version 22 on.
  client = createClient(getWsProvider(url, { websocketClass: WebSocket }));
  api = client.getUnsafeApi();
  pair = new Keyring({ type: 'sr25519' }).addFromUri(papiUser);
});

after(() => {
  client?.destroy();
});

function signer() {
  return getPolkadotSigner(pair.publicKey, 'Sr25519', (bytes) => pair.sign(bytes));
}

/** A signer that signs the hash of the metadata too; `altered` changes the chain's decimals. */
async function hashingSigner(altered = 0) {
  const { properties } = await client.getChainSpecData();
  const network = {
    decimals: properties.tokenDecimals + altered,
    tokenSymbol: properties.tokenSymbol,
  };
  return withMetadataHash(network, signer());
}

function infer() {
  return api.tx.Inference.infer({
    release: {
      owner: release.owner,
      name: Binary.fromText(release.name),
      version: Binary.fromText(release.version),
    },
    inputs: [
      {
        name: Binary.fromText('image'),
        tensor: { dtype: Enum('F32'), shape: [1, 1, 8, 8], data: pixels() },
      },
    ],
  });
}

test('a signed infer with metadata hash leaves a receipt with the bytes of a local run', async () => {
  const result = await infer().signAndSubmit(await hashingSigner());
  assert.ok(result.ok, `failed: ${JSON.stringify(result.dispatchError)}`);
  const event = result.events.find((e) => e.type === 'Inference' && e.value.type === 'Inferred');
  assert.ok(event, 'no Inferred event');
  const inferred = event.value.value;
  assert.equal(inferred.caller, pair.address);

  const at = { at: result.block.hash };
  const receipt = await api.query.Inference.Receipts.getValue(inferred.receipt, at);
  assert.equal(receipt.caller, pair.address);
  assert.equal(receipt.block, result.block.number);
  assert.equal(receipt.release.owner, release.owner);
  assert.equal(Binary.toText(receipt.release.name), release.name);
  assert.equal(Binary.toText(receipt.release.version), release.version);
  assert.equal(receipt.model, inferred.model);
  assert.equal(receipt.input_hash, inferred.input_hash);
  assert.equal(receipt.output_hash, inferred.output_hash);

  const outputs = receipt.outputs.map(({ name, tensor }) => ({
    name: Binary.toText(name),
    dtype: tensor.dtype.type.toLowerCase(),
    shape: [...tensor.shape],
    data: Binary.toHex(tensor.data),
  }));
  assert.deepEqual(outputs, localOutputs());
  assert.equal(argmax(outputs[0].data), label);
});

test('a signature over the hash of other metadata is refused', async () => {
  await assert.rejects(
    infer().signAndSubmit(await hashingSigner(1)),
    (error) => error.name === 'InvalidTxError' && error.error.value.type === 'BadProof',
  );
});
