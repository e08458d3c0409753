// Registers the digits model for the tests and waits until it may be called. What an earlier run
// on the same chain has done is not done again.

import { cli, modelFile, owner, release, url } from './common.js';

cli(
  'model', 'register', modelFile,
  '--name', release.name, '--version', release.version,
  '--suri', owner.uri, '--url', url,
);
