// Writes a bridge/devices payload with every n-th model that zigbee-herdsman-converters knows, as zigbee2mqtt
// publishes it (lib/extension/bridge.ts: publishDevices). Run where that package is installed; argument: n.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const root = path.dirname(require.resolve("zigbee-herdsman-converters/package.json", { paths: [process.cwd()] }));
const zhc = require(path.join(root, "dist", "index.js"));
const quiet = () => {};
zhc.setLogger({ debug: quiet, info: quiet, warning: quiet, error: quiet });
const folder = path.join(root, "dist", "devices");
const nth = Number(process.argv[2] || 1);

const LINKQUALITY = {
    name: "linkquality", label: "Linkquality", access: 1, type: "numeric", property: "linkquality", unit: "lqi",
    description: "Link quality (signal strength)", value_min: 0, value_max: 255, category: "diagnostic",
};
// What a function that makes exposes may ask of a device that has just joined.
const endpoint = (id) => ({
    ID: id, deviceIeeeAddress: "0x0", inputClusters: [], outputClusters: [], binds: [],
    supportsInputCluster: () => false, supportsOutputCluster: () => false,
    getClusterAttributeValue: () => undefined, getInputClusters: () => [], getOutputClusters: () => [], save: () => {},
});
const endpoints = [1, 2, 3, 4].map(endpoint);
const joined = {
    endpoints, meta: {}, getEndpoint: (id) => endpoints.find((one) => one.ID === id), getEndpointByDeviceType: () => undefined,
};

const definitions = [];
for (const file of fs.readdirSync(folder).filter((name) => name.endsWith(".js") && name !== "index.js").sort()) {
    definitions.push(...(require(path.join(folder, file)).definitions ?? []));
}
const devices = [
    { ieee_address: "0x00124b0000000000", type: "Coordinator", network_address: 0, supported: true,
      friendly_name: "Coordinator", disabled: false, interview_completed: true, endpoints: {} },
];
let failed = 0;
definitions.forEach((raw, number) => {
    if (number % nth !== 0) {
        return;
    }
    try {
        const known = zhc.prepareDefinition(raw);
        const exposes = typeof known.exposes === "function" ? known.exposes(joined, {}) : known.exposes;
        devices.push({
            ieee_address: `0x00158d${number.toString(16).padStart(10, "0")}`, type: "Router", network_address: number + 1,
            supported: true, friendly_name: `place_${number % 40}/${known.model} ${number}`, disabled: false,
            definition: {
                source: "native", model: known.model, vendor: known.vendor, description: known.description,
                exposes: [...exposes, LINKQUALITY], supports_ota: !!known.ota, options: known.options ?? [],
            },
            power_source: "Mains (single phase)", model_id: known.zigbeeModel?.[0], interview_completed: true,
            interview_state: "SUCCESSFUL", endpoints: { 1: { scenes: [], bindings: [], clusters: {} } },
        });
    } catch (error) {
        failed += 1;
        process.stderr.write(`${raw.model}: ${error.message}\n`);
    }
});
process.stderr.write(`${definitions.length} definitions, ${devices.length - 1} written, ${failed} failed\n`);
process.stdout.write(JSON.stringify(devices));
