// Registers the digits model for the tests, unless an earlier run on the same chain has done so.

import { cli, modelFile, owner, release, releaseName, url } from './common.js';

function registered() {
  try {
    return cli('model', 'show', releaseName, '--url', url);
  } catch {
    return undefined;
  }
}

if (!registered()) {
  cli(
    'model', 'register', modelFile,
    '--name', release.name, '--version', release.version, '--royalty', '0',
    '--suri', owner.uri, '--url', url,
  );
}
