// A radio for zigbee2mqtt that is none: loaded before it (node -r), it stands in for the adapter of zigbee-herdsman, and
// answers for the devices of the database as if they were there. Everything above the radio is the real thing.
"use strict";
const path = require("node:path");
const bridge = path.dirname(require.resolve("zigbee2mqtt/package.json", { paths: [process.cwd()] }));
const herdsman = path.dirname(require.resolve("zigbee-herdsman/package.json", { paths: [bridge] }));
const { Adapter } = require(path.join(herdsman, "dist", "adapter", "adapter.js"));
const Zcl = require(path.join(herdsman, "dist", "zspec", "zcl", "index.js"));

const BOOLEAN = 0x10;
const UINT8 = 0x20;
const UINT16 = 0x21;
const INT16 = 0x29;
const UNSUPPORTED = 0x86;

/** By network address: what a device's attributes are, cluster and attribute → [type, value]. */
const states = new Map();

function stateOf(address) {
    if (!states.has(address)) {
        states.set(address, {
            "genBasic.zclVersion": [UINT8, 3],
            "genOnOff.onOff": [BOOLEAN, 0],
            "genLevelCtrl.currentLevel": [UINT8, 100],
            "lightingColorCtrl.colorTemperature": [UINT16, 250],
            "msTemperatureMeasurement.measuredValue": [INT16, 2150],
        });
    }
    return states.get(address);
}

function obey(address, frame) {
    const state = stateOf(address);
    const name = frame.command.name;
    if (frame.cluster.name === "genOnOff" && (name === "on" || name === "off")) {
        state["genOnOff.onOff"][1] = name === "on" ? 1 : 0;
    } else if (frame.cluster.name === "genLevelCtrl" && frame.payload.level !== undefined) {
        state["genLevelCtrl.currentLevel"][1] = frame.payload.level;
        if (name.endsWith("WithOnOff")) {
            state["genOnOff.onOff"][1] = frame.payload.level > 0 ? 1 : 0;
        }
    } else if (frame.cluster.name === "lightingColorCtrl" && frame.payload.colortemp !== undefined) {
        state["lightingColorCtrl.colorTemperature"][1] = frame.payload.colortemp;
    }
}

/** The answer of a device to a frame: command and payload. */
function answer(address, frame) {
    const state = stateOf(address);
    switch (frame.header.isGlobal ? frame.command.name : "") {
        case "read":
            return ["readRsp", frame.payload.map(({ attrId }) => {
                const attribute = Object.values(frame.cluster.attributes).find((one) => one.ID === attrId);
                const known = state[`${frame.cluster.name}.${attribute?.name}`];
                return known ? { attrId, status: 0, dataType: known[0], attrData: known[1] } : { attrId, status: UNSUPPORTED };
            })];
        case "write":
            return ["writeRsp", frame.payload.map(({ attrId }) => ({ attrId, status: 0 }))];
        case "configReport":
            return ["configReportRsp", frame.payload.map(({ attrId }) => ({ attrId, status: 0, direction: 0 }))];
        default:
            obey(address, frame);
            return ["defaultRsp", { cmdId: frame.header.commandIdentifier, statusCode: 0 }];
    }
}

class SimulatedRadio extends Adapter {
    hasZdoMessageOverhead = false;
    manufacturerID = 0;
    async start() { return "resumed"; }
    async stop() {}
    async reset() {}
    async getCoordinatorIEEE() { return "0x00124b0000000000"; }
    async getCoordinatorVersion() { return { type: "simulated", meta: {} }; }
    async supportsBackup() { return false; }
    async backup() { throw new Error("not supported"); }
    async getNetworkParameters() { return { panID: 0x1a62, extendedPanID: "0xdddddddddddddddd", channel: 11, nwkUpdateID: 0 }; }
    async addInstallCode() {}
    waitFor() { return { promise: new Promise(() => {}), cancel: () => {} }; }
    async sendZdo() { return [0, undefined]; }
    async permitJoin() {}
    async sendZclFrameToEndpoint(_ieee, address, endpoint, frame, _timeout, disableResponse) {
        const [command, payload] = answer(address, frame);
        if (disableResponse && command === "defaultRsp") {
            return undefined;
        }
        const data = Zcl.Frame.create(
            Zcl.FrameType.GLOBAL, Zcl.Direction.SERVER_TO_CLIENT, true, frame.header.manufacturerCode,
            frame.header.transactionSequenceNumber, command, frame.cluster.ID, payload, {},
        ).toBuffer();
        const heard = {
            clusterID: frame.cluster.ID, data, header: Zcl.Header.fromBuffer(data), address, endpoint,
            linkquality: 120, groupID: 0, wasBroadcast: false, destinationEndpoint: 1,
        };
        // A radio hands up all that it hears; by that a device shows that it is there.
        setImmediate(() => this.emit("zclPayload", heard));
        return heard;
    }
    async sendZclFrameToGroup(_group, frame) {
        for (const address of states.keys()) {
            obey(address, frame);
        }
    }
    async sendZclFrameToAll() {}
    async setChannelInterPAN() {}
    async sendZclFrameInterPANToIeeeAddr() {}
    async sendZclFrameInterPANBroadcast() { return undefined; }
    async restoreChannelInterPAN() {}
}

Adapter.create = async (...how) => new SimulatedRadio(...how);
