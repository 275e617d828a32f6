package io.earshot.server;

import picocli.CommandLine.IVersionProvider;

/**
 * What the option {@code --version} prints. Apart from {@link Version}, so that a start without
 * options loads no class of the parser of the command line: the AOT cache cannot hold them.
 */
final class VersionOption implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {"Earshot " + Version.number() + " (Java " + Runtime.version() + ")"};
  }
}
