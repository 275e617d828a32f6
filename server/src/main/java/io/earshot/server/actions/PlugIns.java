package io.earshot.server.actions;

import io.earshot.Action;
import io.earshot.Api;
import io.earshot.PlugIn;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/**
 * Actions and plug-ins in jars: the classes that are named in the jar's files
 * META-INF/services/io.earshot.Action and META-INF/services/io.earshot.PlugIn.
 */
public final class PlugIns {
  private static final System.Logger LOG = System.getLogger(PlugIns.class.getName());

  private PlugIns() {}

  /** Adds the actions and plug-ins of this loader's own jars, not of its parents'. */
  public static void addTo(Api api, ClassLoader loader) {
    for (Object one : in(loader)) {
      switch (one) {
        case Action action -> {
          try {
            api.actions().add(action);
          } catch (RuntimeException e) {
            LOG.log(
                Level.ERROR, "the plug-in " + action.getClass().getName() + " is left out: " + e);
          }
        }
        case PlugIn plugIn -> started(plugIn, api);
        default -> throw new IllegalStateException("neither an action nor a plug-in: " + one);
      }
    }
  }

  /**
   * Starts a plug-in, and returns its own API. If it fails, that is logged and its hooks and
   * consumers removed.
   */
  static Api started(PlugIn plugIn, Api api) {
    Api own = api.forPlugIn();
    try {
      plugIn.start(own);
    } catch (Exception | LinkageError e) {
      own.hooks().removeAll();
      own.feed().removeAll();
      LOG.log(Level.ERROR, "the plug-in " + plugIn.getClass().getName() + " is left out", e);
    }
    return own;
  }

  /**
   * Creates the actions and plug-ins of this loader's own jars, not of its parents'. One that
   * cannot be created is logged and left out.
   */
  static List<Object> in(ClassLoader loader) {
    var found = new ArrayList<>();
    find(Action.class, loader, found);
    find(PlugIn.class, loader, found);
    return found;
  }

  private static void find(Class<?> kind, ClassLoader loader, List<Object> found) {
    Iterator<?> all = ServiceLoader.load(kind, loader).iterator();
    String last = "";
    while (true) {
      try {
        if (!all.hasNext()) {
          return;
        }
        Object one = all.next();
        if (one.getClass().getClassLoader() == loader) {
          found.add(one);
        }
      } catch (ServiceConfigurationError | LinkageError e) {
        String why = String.valueOf(e.getMessage());
        LOG.log(Level.ERROR, "a plug-in jar is left out: " + why, e.getCause());
        if (why.equals(last)) {
          return; // the iterator does not advance past this error
        }
        last = why;
      }
    }
  }
}
