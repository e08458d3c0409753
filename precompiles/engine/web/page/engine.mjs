// The engine's WebAssembly module, for browsers and Node.js. It imports nothing.

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export class Engine {
  #exports;

  /** `module` holds the bytes of noema_engine_web.wasm. */
  static async instantiate(module) {
    const { instance } = await WebAssembly.instantiate(module, {});
    return new Engine(instance.exports);
  }

  constructor(exports) {
    this.#exports = exports;
  }

  /** Builds a model from the bytes of its ONNX file. Returns what it is. */
  load(file) {
    return this.#call('load', file);
  }

  /** Runs it on a list of tensors. Returns outputs and hashes as a receipt has them. */
  infer(inputs) {
    return this.#call('infer', encoder.encode(JSON.stringify(inputs)));
  }

  #call(name, bytes) {
    const { memory, buffer, result, result_len } = this.#exports;
    const at = buffer(bytes.length) >>> 0;
    new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
    const failed = this.#exports[name]();
    // The memory may have grown, and its old view with it become void.
    const text = decoder.decode(
      new Uint8Array(memory.buffer, result() >>> 0, result_len() >>> 0),
    );
    if (failed) throw new Error(text);
    return JSON.parse(text);
  }
}

/** What of a receipt is not what the engine has computed; an empty list if all of it is. */
export function differences(receipt, answer) {
  const found = [];
  const same = (what, a, b) => {
    if (a !== undefined && a.toLowerCase() !== b) found.push(`${what}: ${a} in the receipt, ${b} here`);
  };
  // The id of a model is written with and without 0x.
  const model = receipt.model ?? receipt.modelId;
  same('model', model && `0x${model.replace(/^0x/, '')}`, answer.modelId);
  same('hash of the inputs', receipt.inputHash, answer.inputHash);
  same('hash of the outputs', receipt.outputHash, answer.outputHash);
  const outputs = receipt.outputs ?? [];
  if (receipt.outputHash === undefined && outputs.length !== answer.outputs.length) {
    found.push(`${outputs.length} outputs in the receipt, ${answer.outputs.length} here`);
  }
  for (const output of outputs) {
    const own = answer.outputs.find((other) => other.name === output.name);
    if (own === undefined) {
      found.push(`output ${output.name} is not made by the model`);
      continue;
    }
    for (const key of ['dtype', 'shape', 'data']) {
      if (JSON.stringify(output[key]) !== JSON.stringify(own[key])) {
        found.push(`output ${output.name}: another ${key}`);
      }
    }
  }
  return found;
}
