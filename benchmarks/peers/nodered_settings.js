// Node-RED as it is shipped, without a log on the console.
module.exports = {
    uiHost: "127.0.0.1",
    flowFile: "flows.json",
    credentialSecret: false,
    diagnostics: { enabled: false },
    logging: { console: { level: "off", metrics: false, audit: false } },
};
