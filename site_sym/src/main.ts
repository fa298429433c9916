import "@fontsource-variable/inter/index.css";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { readConfig } from "./data/config.ts";
import { surviveTranslation } from "./ui/translation.ts";

// Read before the auth client clears it: a mail link answers here.
const initialHash = location.hash;
const target = document.getElementById("app");
if (!target) throw new Error("index.html has no element #app.");
surviveTranslation(document.documentElement);
mount(App, { target, props: { result: await readConfig(), initialHash } });
