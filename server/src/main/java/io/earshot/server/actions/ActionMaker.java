package io.earshot.server.actions;

import io.earshot.Action;
import io.earshot.PlugIn;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Creates the actions and plug-ins among compiled classes. */
final class ActionMaker {
  private ActionMaker() {}

  /** An action or plug-in cannot be created; the message tells its author what to change. */
  static final class NotCreatableException extends Exception {
    private static final long serialVersionUID = 1L;

    NotCreatableException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * Creates one object of each class that is an action or a plug-in, nested classes included.
   *
   * @throws NotCreatableException if one cannot be created
   */
  static List<Object> made(List<String> names, ClassLoader loader) throws NotCreatableException {
    var made = new ArrayList<>();
    for (String name : names) {
      try {
        Class<?> type = Class.forName(name, false, loader);
        if (isCreatable(type)) {
          made.add(made(type));
        }
      } catch (InvocationTargetException e) {
        throw new NotCreatableException(name + " cannot be created: " + e.getCause(), e);
      } catch (ReflectiveOperationException | LinkageError e) {
        throw new NotCreatableException(name + " cannot be created: " + e, e);
      }
    }
    return made;
  }

  private static boolean isCreatable(Class<?> type) {
    return (Action.class.isAssignableFrom(type) || PlugIn.class.isAssignableFrom(type))
        && !Modifier.isAbstract(type.getModifiers())
        && !type.isAnonymousClass()
        && !type.isLocalClass();
  }

  private static Object made(Class<?> type)
      throws ReflectiveOperationException, NotCreatableException {
    try {
      Constructor<?> constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true); // the class may be package-private
      return constructor.newInstance();
    } catch (NoSuchMethodException e) {
      throw new NotCreatableException(
          type.getName()
              + " needs a constructor without parameters, and must be static if it is nested in a class",
          e);
    }
  }
}
