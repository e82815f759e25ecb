// Required before anything of the project runs: whatever Node is in place can read this file.
const { node } = process.versions;
if (Number.parseInt(node, 10) < 24) {
  process.stderr.write(
    `Node 24 is needed and Node ${node} runs: npm skipped the install script of the package "node", which brings it. ` +
      'Run: npm rebuild node --ignore-scripts=false\n',
  );
  process.exit(1);
}
