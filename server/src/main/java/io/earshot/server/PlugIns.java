package io.earshot.server;

import io.earshot.Action;
import io.earshot.Actions;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/** Actions that jars bring: the classes that their META-INF/services/io.earshot.Action names. */
final class PlugIns {
  private static final System.Logger LOG = System.getLogger(PlugIns.class.getName());

  private PlugIns() {}

  /** Adds what this loader itself brings. */
  static void addTo(Actions actions, ClassLoader loader) {
    for (Action action : in(loader)) {
      try {
        actions.add(action);
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, "the plug-in " + action.getClass().getName() + " is left out: " + e);
      }
    }
  }

  /**
   * What this loader itself brings, without its parents. One that is broken is logged, and left.
   */
  static List<Action> in(ClassLoader loader) {
    var actions = new ArrayList<Action>();
    Iterator<Action> all = ServiceLoader.load(Action.class, loader).iterator();
    String last = "";
    while (true) {
      try {
        if (!all.hasNext()) {
          return actions;
        }
        Action action = all.next();
        if (action.getClass().getClassLoader() == loader) {
          actions.add(action);
        }
      } catch (ServiceConfigurationError | LinkageError e) {
        String why = String.valueOf(e.getMessage());
        LOG.log(Level.ERROR, "a plug-in jar is left out: " + why, e.getCause());
        if (why.equals(last)) {
          return actions; // it fails again without going on
        }
        last = why;
      }
    }
  }
}
