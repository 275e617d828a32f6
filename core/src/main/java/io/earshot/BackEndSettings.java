package io.earshot;

import io.earshot.config.ConfigTree;
import io.earshot.config.Secret;
import io.earshot.config.Setting;
import java.time.Duration;
import java.util.List;

/**
 * Settings of requests to back ends: those of {@code hooks.http} and {@code webhooks.rules}.
 *
 * <p>Immutable.
 */
@SuppressWarnings("doclint:missing") // @Setting says what @param would repeat
public record BackEndSettings(
    @Setting(
            value =
                "The secrets that sign requests to back ends, each whsec_ and base64 of 24 to 64 random bytes"
                    + " (Standard Webhooks). Requests have a signature for each; to change a secret, add the new one,"
                    + " change the back ends, then remove the old one. Empty: requests are not signed.",
            defaultValue = "",
            secret = Secret.WHOLE)
        List<String> secrets,
    @Setting(
            value =
                "The private addresses to which URLs of back ends may lead, as addresses or ranges such as"
                    + " 10.0.0.0/8. Requests to other loopback, link-local and private addresses are not sent.",
            defaultValue = "")
        List<String> privateAddresses,
    @Setting(
            value =
                "The headers of a client's request that hooks.http passes on, such as user-agent. Headers with"
                    + " which others could be the client, such as cookie, are passed on only if they are named here.",
            defaultValue = "")
        List<String> headers,
    @Setting(
            value =
                "The PEM file with the certificates of the authorities that sign the certificates of back ends."
                    + " Empty: the authorities that the JDK trusts.",
            defaultValue = "")
        String caFile,
    @Setting(
            value = "The longest answer of a back end, in bytes.",
            defaultValue = "65536",
            min = 64)
        int answerBytes,
    @Setting(value = "How long a connection to a back end may take to open.", defaultValue = "2s")
        Duration connectTimeout) {

  /** Checks what the types cannot express. */
  public BackEndSettings {
    ConfigCheck.ranges("backEnds.privateAddresses", privateAddresses);
    ConfigCheck.backEndHeaders(headers);
    ConfigCheck.backEndSecrets(secrets);
    if (connectTimeout.isZero()) {
      throw new IllegalArgumentException("backEnds.connectTimeout must be more than 0");
    }
  }

  /** Does not show the secrets. */
  @Override
  public String toString() {
    return ConfigTree.masked(this);
  }
}
