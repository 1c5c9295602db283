import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/** The licence of the bundled font travels with it. */
function fontLicence(): Plugin {
  return {
    name: "font-licence",
    apply: "build",
    generateBundle() {
      const path = new URL("node_modules/@fontsource-variable/inter/LICENSE", import.meta.url);
      this.emitFile({ type: "asset", fileName: "assets/Inter-LICENSE.txt", source: readFileSync(path, "utf8") });
    },
  };
}

/** Where `staplewatch up` answers while the page is worked on (`npm run dev`). */
const instance = process.env.STAPLEWATCH_URL ?? "http://127.0.0.1:8080";
const proxy = { "/live": instance, "/api": instance };

export default defineConfig({
  base: "/",
  server: { proxy },
  preview: { proxy },
  plugins: [fontLicence()],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    // nothing inline: the Content-Security-Policy has no room for it
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    rollupOptions: { input: ["wall.html", "desk.html", "login.html"] },
    // ECharts, loaded only when somebody opens a chart, is larger than the default of 500 kB
    chunkSizeWarningLimit: 700,
  },
});
