// SPDX-License-Identifier: MIT
// How the chips look: their pins, and what the data sheets call them.

// left: from pin 1 down; right: from the last pin down; numbers are those of the I/O pins. room: for
// the name of the model between them.
const PACKAGES = {
  MCP23017: {
    left: [8, 9, 10, 11, 12, 13, 14, 15, "VDD", "VSS", "NC", "SCL", "SDA", "NC"],
    right: [7, 6, 5, 4, 3, 2, 1, 0, "INTA", "INTB", "RESET", "A2", "A1", "A0"],
    int: ["INTA", "INTB"],
    room: true,
    label: (number) => `GP${number < 8 ? "A" : "B"}${number % 8}`,
  },
  MCP23008: {
    left: ["SCL", "SDA", "A2", "A1", "A0", "RESET", "NC", "INT", "VSS"],
    right: ["VDD", 7, 6, 5, 4, 3, 2, 1, 0],
    int: ["INT"],
    label: (number) => `GP${number}`,
  },
  PCF8574: {
    left: ["A0", "A1", "A2", 0, 1, 2, 3, "VSS"],
    right: ["VDD", "SDA", "SCL", "INT", 7, 6, 5, 4],
    int: ["INT"],
    label: (number) => `P${number}`,
  },
};

/** Return the package of a model. */
export function packageOf(model) {
  return PACKAGES[model] ?? PACKAGES.MCP23017;
}
