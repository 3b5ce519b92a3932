// The scenes, by the names of their threads, in the order of the page.
import { addNumbers } from "./scenes/add_numbers.js";
import { fourLayers } from "./scenes/four_layers.js";
import { mnistRelu } from "./scenes/mnist_relu.js";
import { reluAtZero } from "./scenes/relu_at_zero.js";
import { truthTable } from "./scenes/truth_table.js";

/** @type {Record<string, Scene>} */
export const scenes = Object.fromEntries(
  [addNumbers, mnistRelu, truthTable, reluAtZero, fourLayers].map((scene) => [scene.name, scene]),
);
