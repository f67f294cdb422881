// Looks at pages as a reader does: light, dark, on a phone. Prints what is wrong as JSON, one object a page, and keeps
// screenshots. Usage: node look.mjs BROWSER FOLDER URL...
import puppeteer from "puppeteer-core";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const [executablePath, folder, ...urls] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
const looks = [
  { name: "light", scheme: "light", width: 1100 },
  { name: "dark", scheme: "dark", width: 1100 },
  { name: "phone", scheme: "light", width: 400 },
];
try {
  for (const url of urls) {
    for (const look of looks) {
      const page = await browser.newPage();
      const problems = [];
      page.on("console", (m) => { if (m.type() === "error") problems.push("console: " + m.text()); });
      page.on("requestfailed", (r) => problems.push("request failed: " + r.url()));
      page.on("request", (r) => { if (new URL(r.url()).origin !== new URL(url).origin) problems.push("other host: " + r.url()); });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: look.scheme }]);
      await page.setViewport({ width: look.width, height: 900 });
      const response = await page.goto(url, { waitUntil: "load" });
      const slug = (new URL(url).pathname.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "") || "index") + "-" + look.name;
      await page.screenshot({ path: join(folder, slug + ".png") });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) problems.push(`wider than the window by ${wide} pixels`);
      const styled = await page.evaluate(() => getComputedStyle(document.body).margin === "0px");
      if (!styled) problems.push("the style sheet has no effect");
      // The page's own policy forbids scripts; the rules are put in past it.
      const rules = await browser.newPage();
      await rules.setBypassCSP(true);
      await rules.emulateMediaFeatures([{ name: "prefers-color-scheme", value: look.scheme }]);
      await rules.setViewport({ width: look.width, height: 900 });
      await rules.goto(url, { waitUntil: "load" });
      await rules.evaluate(axe);
      const { violations } = await rules.evaluate(() => window.axe.run());
      const serious = violations.filter((v) => v.impact === "serious" || v.impact === "critical")
        .map((v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join("; ")})`);
      const other = violations.filter((v) => v.impact !== "serious" && v.impact !== "critical").map((v) => v.id);
      console.log(JSON.stringify({ url, look: look.name, status: response.status(), problems, serious, other }));
      await page.close();
      await rules.close();
    }
  }
} finally {
  await browser.close();
}
