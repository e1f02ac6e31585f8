// Opens pages in a browser without a network and looks at them as people and their aids do; called by html.sh.
//   node html.mjs FOLDER PAGE.html...
// FOLDER holds node_modules; pictures and PDFs are put there too.
import { createRequire } from 'node:module';
import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, ...pages] = process.argv.slice(2);
const require = createRequire(resolve(folder, 'package.json'));
const puppeteer = require('puppeteer-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--proxy-server=127.0.0.1:1', '--disable-background-networking'],
});
const faults = [];
for (const page of pages) {
  const url = pathToFileURL(resolve(page)).href;
  const name = basename(page, '.html');
  for (const scheme of ['light', 'dark']) {
    for (const width of [1280, 400]) {
      const tab = await browser.newPage();
      // The page forbids scripts; ours is the measure, not a part of it.
      await tab.setBypassCSP(true);
      await tab.setViewport({ width, height: 900 });
      await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      const at = `${name} ${scheme} ${width}`;
      tab.on('request', (request) => {
        if (request.url() !== url) faults.push(`${at}: a request for ${request.url().slice(0, 200)}`);
      });
      tab.on('pageerror', (error) => faults.push(`${at}: ${error.message}`));
      tab.on('dialog', async (dialog) => {
        faults.push(`${at}: a dialogue: ${dialog.message()}`);
        await dialog.dismiss();
      });
      await tab.goto(url, { waitUntil: 'load' });
      const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (overflow > 0) faults.push(`${at}: the page is ${overflow} px wider than the window`);
      await tab.evaluate(axe);
      const found = await tab.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
      for (const { id, impact, nodes } of found.violations) {
        const line = `${at}: ${impact}: ${id}: ${nodes.length} × ${nodes[0].html.slice(0, 160)}`;
        if (['serious', 'critical'].includes(impact)) faults.push(line);
        else console.log(`note: ${line}`);
      }
      await tab.screenshot({ path: resolve(folder, `${name}-${scheme}-${width}.png`), fullPage: true });
      if (scheme === 'light' && width === 1280) {
        const pdf = resolve(folder, `${name}.pdf`);
        await tab.pdf({ path: pdf, format: 'A4', margin: { top: '15mm', bottom: '15mm', left: '15mm', right: '15mm' } });
        if (statSync(pdf).size < 10_000) faults.push(`${at}: the print is empty`);
      }
      await tab.close();
    }
  }
}
await browser.close();
for (const fault of faults) console.error(`FAULT ${fault}`);
console.log(`${pages.length} pages, light and dark, wide and narrow: ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
