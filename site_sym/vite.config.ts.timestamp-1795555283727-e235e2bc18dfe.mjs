import "node:module";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import process from "node:process";
import { svelte } from "file:///tmp/wt/portal-features/node_modules/.deno/@sveltejs+vite-plugin-svelte@7.3.1/node_modules/@sveltejs/vite-plugin-svelte/src/index.js";
import { defineConfig } from "file:///tmp/wt/portal-features/node_modules/.deno/vite@8.3.8/node_modules/vite/dist/node/index.js";
/**
* The project that a build is for: its address goes into the Content-Security-Policy and, with the publishable key,
* into config.json. Without SUPABASE_URL the page may talk only to the server that it came from, which then has to
* answer /config.json itself, as the local stack does.
*/
function supabaseProject(url, key) {
	return {
		name: "supabase-project",
		apply: "build",
		configResolved() {
			if (Boolean(url) !== Boolean(key)) throw new Error("Set both SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY, or neither (then the server has to answer /config.json).");
			if (key?.startsWith("sb_secret_")) throw new Error("SUPABASE_PUBLISHABLE_KEY is a secret key, which everybody who opens the page could read. Set the publishable one.");
		},
		transformIndexHtml(html) {
			if (!url) return html;
			const { origin, host, protocol } = new URL(url);
			const socket = `${protocol === "http:" ? "ws" : "wss"}://${host}`;
			return html.replace("connect-src 'self'", `connect-src 'self' ${origin} ${socket}`);
		},
		generateBundle() {
			if (!url) return;
			const config = {
				supabaseUrl: url.replace(/\/+$/, ""),
				supabaseKey: key
			};
			this.emitFile({
				type: "asset",
				fileName: "config.json",
				source: `${JSON.stringify(config, null, 2)}\n`
			});
		}
	};
}
/** Writes the service worker beside index.html, with the list of the build's files and a hash that changes with them. */
function serviceWorker() {
	return {
		name: "service-worker",
		apply: "build",
		enforce: "post",
		generateBundle(_, bundle) {
			const publicFiles = readdirSync("public").filter((name) => name !== "404.html");
			const isWanted = (name) => !/inter-(?!latin-opsz)/.test(name) && name !== "config.json";
			const files = [
				"index.html",
				...publicFiles,
				...Object.keys(bundle)
			].filter(isWanted);
			const hash = createHash("sha256");
			for (const name of publicFiles) hash.update(readFileSync(`public/${name}`));
			for (const [name, file] of Object.entries(bundle)) hash.update(name).update(file.type === "chunk" ? file.code : file.source);
			const list = [...new Set(files)].map((name) => `./${name}`).sort();
			const source = readFileSync("src/service-worker.js", "utf8").replace("BUILD_HASH", hash.digest("hex").slice(0, 16)).replace("BUILD_FILES", JSON.stringify(list));
			this.emitFile({
				type: "asset",
				fileName: "service-worker.js",
				source
			});
		}
	};
}
var vite_config_default = defineConfig({
	base: "./",
	plugins: [
		svelte(),
		supabaseProject(process.env.SUPABASE_URL, process.env.SUPABASE_PUBLISHABLE_KEY),
		serviceWorker()
	],
	build: {
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		target: "es2023",
		cssTarget: [
			"chrome123",
			"firefox120",
			"safari17.5"
		]
	}
});
export { vite_config_default as default };

//# sourceMappingURL=data:application/json;charset=utf-8;base64,eyJ2ZXJzaW9uIjozLCJmaWxlIjoidml0ZS5jb25maWcuanMiLCJuYW1lcyI6W10sInNvdXJjZXMiOlsiL3RtcC93dC9wb3J0YWwtZmVhdHVyZXMvc2l0ZV9zeW0vdml0ZS5jb25maWcudHMiXSwic291cmNlc0NvbnRlbnQiOlsiaW1wb3J0IHsgY3JlYXRlSGFzaCB9IGZyb20gXCJub2RlOmNyeXB0b1wiO1xuaW1wb3J0IHsgcmVhZGRpclN5bmMsIHJlYWRGaWxlU3luYyB9IGZyb20gXCJub2RlOmZzXCI7XG5pbXBvcnQgcHJvY2VzcyBmcm9tIFwibm9kZTpwcm9jZXNzXCI7XG5cbmltcG9ydCB7IHN2ZWx0ZSB9IGZyb20gXCJAc3ZlbHRlanMvdml0ZS1wbHVnaW4tc3ZlbHRlXCI7XG5pbXBvcnQgeyBkZWZpbmVDb25maWcsIHR5cGUgUGx1Z2luIH0gZnJvbSBcInZpdGVcIjtcblxuLyoqXG4gKiBUaGUgcHJvamVjdCB0aGF0IGEgYnVpbGQgaXMgZm9yOiBpdHMgYWRkcmVzcyBnb2VzIGludG8gdGhlIENvbnRlbnQtU2VjdXJpdHktUG9saWN5IGFuZCwgd2l0aCB0aGUgcHVibGlzaGFibGUga2V5LFxuICogaW50byBjb25maWcuanNvbi4gV2l0aG91dCBTVVBBQkFTRV9VUkwgdGhlIHBhZ2UgbWF5IHRhbGsgb25seSB0byB0aGUgc2VydmVyIHRoYXQgaXQgY2FtZSBmcm9tLCB3aGljaCB0aGVuIGhhcyB0b1xuICogYW5zd2VyIC9jb25maWcuanNvbiBpdHNlbGYsIGFzIHRoZSBsb2NhbCBzdGFjayBkb2VzLlxuICovXG5mdW5jdGlvbiBzdXBhYmFzZVByb2plY3QodXJsOiBzdHJpbmcgfCB1bmRlZmluZWQsIGtleTogc3RyaW5nIHwgdW5kZWZpbmVkKTogUGx1Z2luIHtcbiAgcmV0dXJuIHtcbiAgICBuYW1lOiBcInN1cGFiYXNlLXByb2plY3RcIixcbiAgICBhcHBseTogXCJidWlsZFwiLFxuICAgIGNvbmZpZ1Jlc29sdmVkKCkge1xuICAgICAgaWYgKEJvb2xlYW4odXJsKSAhPT0gQm9vbGVhbihrZXkpKSB7XG4gICAgICAgIHRocm93IG5ldyBFcnJvcihcIlNldCBib3RoIFNVUEFCQVNFX1VSTCBhbmQgU1VQQUJBU0VfUFVCTElTSEFCTEVfS0VZLCBvciBuZWl0aGVyICh0aGVuIHRoZSBzZXJ2ZXIgaGFzIHRvIGFuc3dlciAvY29uZmlnLmpzb24pLlwiKTtcbiAgICAgIH1cbiAgICAgIGlmIChrZXk/LnN0YXJ0c1dpdGgoXCJzYl9zZWNyZXRfXCIpKSB7XG4gICAgICAgIHRocm93IG5ldyBFcnJvcihcIlNVUEFCQVNFX1BVQkxJU0hBQkxFX0tFWSBpcyBhIHNlY3JldCBrZXksIHdoaWNoIGV2ZXJ5Ym9keSB3aG8gb3BlbnMgdGhlIHBhZ2UgY291bGQgcmVhZC4gU2V0IHRoZSBwdWJsaXNoYWJsZSBvbmUuXCIpO1xuICAgICAgfVxuICAgIH0sXG4gICAgdHJhbnNmb3JtSW5kZXhIdG1sKGh0bWwpIHtcbiAgICAgIGlmICghdXJsKSByZXR1cm4gaHRtbDtcbiAgICAgIGNvbnN0IHsgb3JpZ2luLCBob3N0LCBwcm90b2NvbCB9ID0gbmV3IFVSTCh1cmwpO1xuICAgICAgY29uc3Qgc29ja2V0ID0gYCR7cHJvdG9jb2wgPT09IFwiaHR0cDpcIiA/IFwid3NcIiA6IFwid3NzXCJ9Oi8vJHtob3N0fWA7XG4gICAgICByZXR1cm4gaHRtbC5yZXBsYWNlKFwiY29ubmVjdC1zcmMgJ3NlbGYnXCIsIGBjb25uZWN0LXNyYyAnc2VsZicgJHtvcmlnaW59ICR7c29ja2V0fWApO1xuICAgIH0sXG4gICAgZ2VuZXJhdGVCdW5kbGUoKSB7XG4gICAgICBpZiAoIXVybCkgcmV0dXJuO1xuICAgICAgY29uc3QgY29uZmlnID0geyBzdXBhYmFzZVVybDogdXJsLnJlcGxhY2UoL1xcLyskLywgXCJcIiksIHN1cGFiYXNlS2V5OiBrZXkgfTtcbiAgICAgIHRoaXMuZW1pdEZpbGUoeyB0eXBlOiBcImFzc2V0XCIsIGZpbGVOYW1lOiBcImNvbmZpZy5qc29uXCIsIHNvdXJjZTogYCR7SlNPTi5zdHJpbmdpZnkoY29uZmlnLCBudWxsLCAyKX1cXG5gIH0pO1xuICAgIH0sXG4gIH07XG59XG5cbi8qKiBXcml0ZXMgdGhlIHNlcnZpY2Ugd29ya2VyIGJlc2lkZSBpbmRleC5odG1sLCB3aXRoIHRoZSBsaXN0IG9mIHRoZSBidWlsZCdzIGZpbGVzIGFuZCBhIGhhc2ggdGhhdCBjaGFuZ2VzIHdpdGggdGhlbS4gKi9cbmZ1bmN0aW9uIHNlcnZpY2VXb3JrZXIoKTogUGx1Z2luIHtcbiAgcmV0dXJuIHtcbiAgICBuYW1lOiBcInNlcnZpY2Utd29ya2VyXCIsXG4gICAgYXBwbHk6IFwiYnVpbGRcIixcbiAgICBlbmZvcmNlOiBcInBvc3RcIixcbiAgICBnZW5lcmF0ZUJ1bmRsZShfLCBidW5kbGUpIHtcbiAgICAgIGNvbnN0IHB1YmxpY0ZpbGVzID0gcmVhZGRpclN5bmMoXCJwdWJsaWNcIikuZmlsdGVyKChuYW1lKSA9PiBuYW1lICE9PSBcIjQwNC5odG1sXCIpO1xuICAgICAgLy8gRm9udHMgb2Ygb3RoZXIgc2NyaXB0cyB0aGFuIExhdGluIGFyZSBmZXRjaGVkIHdoZW4gYSBuYW1lIG5lZWRzIHRoZW0uXG4gICAgICBjb25zdCBpc1dhbnRlZCA9IChuYW1lOiBzdHJpbmcpID0+ICEvaW50ZXItKD8hbGF0aW4tb3BzeikvLnRlc3QobmFtZSkgJiYgbmFtZSAhPT0gXCJjb25maWcuanNvblwiO1xuICAgICAgY29uc3QgZmlsZXMgPSBbXCJpbmRleC5odG1sXCIsIC4uLnB1YmxpY0ZpbGVzLCAuLi5PYmplY3Qua2V5cyhidW5kbGUpXS5maWx0ZXIoaXNXYW50ZWQpO1xuICAgICAgY29uc3QgaGFzaCA9IGNyZWF0ZUhhc2goXCJzaGEyNTZcIik7XG4gICAgICBmb3IgKGNvbnN0IG5hbWUgb2YgcHVibGljRmlsZXMpIGhhc2gudXBkYXRlKHJlYWRGaWxlU3luYyhgcHVibGljLyR7bmFtZX1gKSk7XG4gICAgICBmb3IgKGNvbnN0IFtuYW1lLCBmaWxlXSBvZiBPYmplY3QuZW50cmllcyhidW5kbGUpKSBoYXNoLnVwZGF0ZShuYW1lKS51cGRhdGUoZmlsZS50eXBlID09PSBcImNodW5rXCIgPyBmaWxlLmNvZGUgOiBmaWxlLnNvdXJjZSk7XG4gICAgICBjb25zdCBsaXN0ID0gWy4uLm5ldyBTZXQoZmlsZXMpXS5tYXAoKG5hbWUpID0+IGAuLyR7bmFtZX1gKS5zb3J0KCk7XG4gICAgICBjb25zdCBzb3VyY2UgPSByZWFkRmlsZVN5bmMoXCJzcmMvc2VydmljZS13b3JrZXIuanNcIiwgXCJ1dGY4XCIpXG4gICAgICAgIC5yZXBsYWNlKFwiQlVJTERfSEFTSFwiLCBoYXNoLmRpZ2VzdChcImhleFwiKS5zbGljZSgwLCAxNikpXG4gICAgICAgIC5yZXBsYWNlKFwiQlVJTERfRklMRVNcIiwgSlNPTi5zdHJpbmdpZnkobGlzdCkpO1xuICAgICAgdGhpcy5lbWl0RmlsZSh7IHR5cGU6IFwiYXNzZXRcIiwgZmlsZU5hbWU6IFwic2VydmljZS13b3JrZXIuanNcIiwgc291cmNlIH0pO1xuICAgIH0sXG4gIH07XG59XG5cbmV4cG9ydCBkZWZhdWx0IGRlZmluZUNvbmZpZyh7XG4gIGJhc2U6IFwiLi9cIixcbiAgcGx1Z2luczogW3N2ZWx0ZSgpLCBzdXBhYmFzZVByb2plY3QocHJvY2Vzcy5lbnYuU1VQQUJBU0VfVVJMLCBwcm9jZXNzLmVudi5TVVBBQkFTRV9QVUJMSVNIQUJMRV9LRVkpLCBzZXJ2aWNlV29ya2VyKCldLFxuICBidWlsZDoge1xuICAgIC8vIEZvbnRzIGFuZCBwaWN0dXJlcyBzdGF5IGZpbGVzOiB0aGUgcG9saWN5IGFsbG93cyBubyBkYXRhOiBmb250cy5cbiAgICBhc3NldHNJbmxpbmVMaW1pdDogMCxcbiAgICBtb2R1bGVQcmVsb2FkOiB7IHBvbHlmaWxsOiBmYWxzZSB9LFxuICAgIHRhcmdldDogXCJlczIwMjNcIixcbiAgICBjc3NUYXJnZXQ6IFtcImNocm9tZTEyM1wiLCBcImZpcmVmb3gxMjBcIiwgXCJzYWZhcmkxNy41XCJdLFxuICB9LFxufSk7XG4iXSwibWFwcGluZ3MiOiI7Ozs7Ozs7Ozs7O0FBWUEsU0FBUyxnQkFBZ0IsS0FBeUIsS0FBaUM7Q0FDakYsT0FBTztFQUNMLE1BQU07RUFDTixPQUFPO0VBQ1AsaUJBQWlCO0dBQ2YsSUFBSSxRQUFRLEdBQUcsTUFBTSxRQUFRLEdBQUcsR0FDOUIsTUFBTSxJQUFJLE1BQU0sOEdBQThHO0dBRWhJLElBQUksS0FBSyxXQUFXLFlBQVksR0FDOUIsTUFBTSxJQUFJLE1BQU0sbUhBQW1IO0VBRXZJO0VBQ0EsbUJBQW1CLE1BQU07R0FDdkIsSUFBSSxDQUFDLEtBQUssT0FBTztHQUNqQixNQUFNLEVBQUUsUUFBUSxNQUFNLGFBQWEsSUFBSSxJQUFJLEdBQUc7R0FDOUMsTUFBTSxTQUFTLEdBQUcsYUFBYSxVQUFVLE9BQU8sTUFBTSxLQUFLO0dBQzNELE9BQU8sS0FBSyxRQUFRLHNCQUFzQixzQkFBc0IsT0FBTyxHQUFHLFFBQVE7RUFDcEY7RUFDQSxpQkFBaUI7R0FDZixJQUFJLENBQUMsS0FBSztHQUNWLE1BQU0sU0FBUztJQUFFLGFBQWEsSUFBSSxRQUFRLFFBQVEsRUFBRTtJQUFHLGFBQWE7R0FBSTtHQUN4RSxLQUFLLFNBQVM7SUFBRSxNQUFNO0lBQVMsVUFBVTtJQUFlLFFBQVEsR0FBRyxLQUFLLFVBQVUsUUFBUSxNQUFNLENBQUMsRUFBRTtHQUFJLENBQUM7RUFDMUc7Q0FDRjtBQUNGOztBQUdBLFNBQVMsZ0JBQXdCO0NBQy9CLE9BQU87RUFDTCxNQUFNO0VBQ04sT0FBTztFQUNQLFNBQVM7RUFDVCxlQUFlLEdBQUcsUUFBUTtHQUN4QixNQUFNLGNBQWMsWUFBWSxRQUFRLENBQUMsQ0FBQyxRQUFRLFNBQVMsU0FBUyxVQUFVO0dBRTlFLE1BQU0sWUFBWSxTQUFpQixDQUFDLHVCQUF1QixLQUFLLElBQUksS0FBSyxTQUFTO0dBQ2xGLE1BQU0sUUFBUTtJQUFDO0lBQWMsR0FBRztJQUFhLEdBQUcsT0FBTyxLQUFLLE1BQU07R0FBQyxDQUFDLENBQUMsT0FBTyxRQUFRO0dBQ3BGLE1BQU0sT0FBTyxXQUFXLFFBQVE7R0FDaEMsS0FBSyxNQUFNLFFBQVEsYUFBYSxLQUFLLE9BQU8sYUFBYSxVQUFVLE1BQU0sQ0FBQztHQUMxRSxLQUFLLE1BQU0sQ0FBQyxNQUFNLFNBQVMsT0FBTyxRQUFRLE1BQU0sR0FBRyxLQUFLLE9BQU8sSUFBSSxDQUFDLENBQUMsT0FBTyxLQUFLLFNBQVMsVUFBVSxLQUFLLE9BQU8sS0FBSyxNQUFNO0dBQzNILE1BQU0sT0FBTyxDQUFDLEdBQUcsSUFBSSxJQUFJLEtBQUssQ0FBQyxDQUFDLENBQUMsS0FBSyxTQUFTLEtBQUssTUFBTSxDQUFDLENBQUMsS0FBSztHQUNqRSxNQUFNLFNBQVMsYUFBYSx5QkFBeUIsTUFBTSxDQUFDLENBQ3pELFFBQVEsY0FBYyxLQUFLLE9BQU8sS0FBSyxDQUFDLENBQUMsTUFBTSxHQUFHLEVBQUUsQ0FBQyxDQUFDLENBQ3RELFFBQVEsZUFBZSxLQUFLLFVBQVUsSUFBSSxDQUFDO0dBQzlDLEtBQUssU0FBUztJQUFFLE1BQU07SUFBUyxVQUFVO0lBQXFCO0dBQU8sQ0FBQztFQUN4RTtDQUNGO0FBQ0Y7QUFFQSxJQUFBLHNCQUFlLGFBQWE7Q0FDMUIsTUFBTTtDQUNOLFNBQVM7RUFBQyxPQUFPO0VBQUcsZ0JBQWdCLFFBQVEsSUFBSSxjQUFjLFFBQVEsSUFBSSx3QkFBd0I7RUFBRyxjQUFjO0NBQUM7Q0FDcEgsT0FBTztFQUVMLG1CQUFtQjtFQUNuQixlQUFlLEVBQUUsVUFBVSxNQUFNO0VBQ2pDLFFBQVE7RUFDUixXQUFXO0dBQUM7R0FBYTtHQUFjO0VBQVk7Q0FDckQ7QUFDRixDQUFDIn0=