package io.earshot;

/**
 * Server code that is loaded at the start of the server and adds to it, such as {@link Hooks}. For
 * a request that clients can call, write an {@link Action} instead.
 *
 * <pre>{@code
 * public final class Quiet implements PlugIn {
 *   @Override public void start(Api api) {
 *     api.hooks().onSay("library", _ -> { throw new RefusedException("hush"); });
 *   }
 * }
 * }</pre>
 *
 * <p>Like actions, plug-ins are {@code .java} files or jars in the folder of the setting {@code
 * general.actionsFolder}, or jars on the class path. A jar names its plug-ins in {@code
 * META-INF/services/io.earshot.PlugIn}.
 */
public interface PlugIn {

  /**
   * Adds to the server. In development mode a change of the folder starts a new object, and removes
   * the hooks and the consumers of the {@link Feed} that the old object has added to its {@code
   * api}.
   *
   * @param api the API of the server, for this plug-in
   * @throws Exception if the plug-in failed; its hooks and consumers are removed, and the log has
   *     the exception
   */
  void start(Api api) throws Exception;
}
