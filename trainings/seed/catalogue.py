"""Fourteen courses: real subjects, invented hours."""

from __future__ import annotations

from dataclasses import dataclass

from trainings.people.models import ActorType
from trainings.schedule.models import CourseKind

HOUR = 60


@dataclass(frozen=True, slots=True)
class SeedCourse:
    title: str
    kind: CourseKind
    topic: str
    sessions: tuple[int, ...]
    audience: tuple[ActorType, ...]
    summary: str
    contents: tuple[tuple[str, int], ...]
    from_age: int = 18


COURSES = (
    SeedCourse(
        "Riesgos de la migración irregular: mitos y realidades",
        CourseKind.TALLER,
        "Riesgos de la migración irregular",
        (4 * HOUR,),
        (ActorType.COCODE, ActorType.JUVENTUD, ActorType.FAMILIA),
        "Aprenda a reconocer engaños, conozca lo que pasa en la ruta y sepa dónde pedir ayuda. "
        "Es una plática entre vecinos, con ejemplos de aquí.",
        (
            ("Lo que se dice y lo que es verdad sobre el viaje", 60),
            ("Cómo trabajan quienes engañan y cobran", 60),
            ("Trata de personas: señales y dónde denunciar", 60),
            ("Vías regulares: a dónde preguntar primero", 60),
        ),
        from_age=12,
    ),
    SeedCourse(
        "Trata de personas y tráfico ilícito de migrantes: diferencias y denuncia",
        CourseKind.TALLER,
        "Trata y tráfico de personas",
        (4 * HOUR,),
        (ActorType.DOCENTE, ActorType.ALCALDIA, ActorType.COCODE),
        "Qué es cada delito, qué señales se ven en la comunidad y a quién se avisa sin ponerse en peligro.",
        (("Dos delitos distintos", 80), ("Señales en la escuela y en la comunidad", 80), ("Denunciar y proteger", 80)),
    ),
    SeedCourse(
        "Estafas en ofertas de trabajo en el extranjero",
        CourseKind.CHARLA,
        "Trabajo en el extranjero",
        (2 * HOUR,),
        (ActorType.FAMILIA,),
        "Cómo se ve una oferta falsa, qué se debe pagar y qué no, y quién revisa si es verdadera.",
        (("Así se ve una oferta falsa", 60), ("Antes de pagar, pregunte", 60)),
        from_age=14,
    ),
    SeedCourse(
        "Vías regulares: Programa de Trabajo Temporal (MINTRAB)",
        CourseKind.CHARLA,
        "Trabajo en el extranjero",
        (2 * HOUR,),
        (ActorType.JUVENTUD, ActorType.FAMILIA),
        "Quiénes pueden participar, qué papeles se piden y por qué inscribirse no cuesta.",
        (("Cómo funciona el programa", 60), ("Papeles y pasos", 60)),
    ),
    SeedCourse(
        "Mecanismos de regularización y Código de Migración (Decreto 44-2016)",
        CourseKind.TALLER,
        "Leyes y derechos",
        (8 * HOUR,),
        (ActorType.MUNICIPAL, ActorType.INSTITUCION),
        "Qué dice la ley, qué trámites hay y cómo orientar a una persona sin equivocarse.",
        (
            ("El Código de Migración, parte por parte", 180),
            ("Trámites y requisitos", 180),
            ("Casos para resolver", 120),
        ),
    ),
    SeedCourse(
        "Refugio y protección internacional: orientación y referencia",
        CourseKind.TALLER,
        "Protección",
        (4 * HOUR,),
        (ActorType.MUNICIPAL, ActorType.SALUD),
        "Cómo escuchar, qué no preguntar y a qué institución se refiere cada caso.",
        (("Qué es la protección internacional", 90), ("Escuchar sin interrogar", 60), ("Referir bien", 90)),
    ),
    SeedCourse(
        "Ruta de protección de niñez y adolescencia no acompañada (IGM, PGN, SBS)",
        CourseKind.TALLER,
        "Protección",
        (8 * HOUR,),
        (ActorType.DOCENTE, ActorType.SALUD, ActorType.MUNICIPAL),
        "Qué hacer, en qué orden y con quién, cuando una niña, niño o adolescente viaja sin su familia.",
        (
            ("Niñez y adolescencia no acompañada: quiénes son y qué derechos tienen", 120),
            ("Primer contacto: escuchar, no interrogar, no separar", 60),
            ("La ruta paso a paso: IGM, PGN, SBS y juzgado", 180),
            ("Coordinación en el municipio", 120),
        ),
    ),
    SeedCourse(
        "Retorno y reintegración comunitaria",
        CourseKind.TALLER,
        "Retorno",
        (6 * HOUR,),
        (ActorType.COMUDE, ActorType.ORGANIZACION),
        "Qué necesita quien vuelve, qué puede ofrecer la comunidad y qué programas hay.",
        (("Volver no es empezar de cero", 120), ("Programas y oficinas", 120), ("Un plan para la comunidad", 120)),
    ),
    SeedCourse(
        "Primeros auxilios psicológicos para personas migrantes y sus familias",
        CourseKind.TALLER,
        "Salud y apoyo",
        (8 * HOUR,),
        (ActorType.SALUD, ActorType.DOCENTE),
        "Cómo acompañar a una persona en crisis, qué decir, qué no decir y cuándo referir.",
        (("Crisis y duelo", 150), ("Acompañar: observar, escuchar, conectar", 210), ("Cuidar a quien cuida", 120)),
    ),
    SeedCourse(
        "Derechos de las personas migrantes, no discriminación y lenguaje sin estereotipos",
        CourseKind.TALLER,
        "Leyes y derechos",
        (4 * HOUR,),
        (ActorType.RADIO, ActorType.RELIGIOSO),
        "Los derechos que no se pierden al migrar, y cómo hablar de las personas con respeto.",
        (("Derechos de todas las personas", 120), ("Palabras que cuidan", 120)),
    ),
    SeedCourse(
        "Atención a personas LGBTIQ+ y con discapacidad en la ventanilla",
        CourseKind.TALLER,
        "Salud y apoyo",
        (4 * HOUR,),
        (ActorType.MUNICIPAL, ActorType.CONSEJERA),
        "Una atención digna para todas las personas: trato, espacio y referencias seguras.",
        (("Trato y palabras", 120), ("Un espacio para todas las personas", 120)),
    ),
    SeedCourse(
        "Consejeras comunitarias: inducción",
        CourseKind.CURSO,
        "Redes comunitarias",
        (4 * HOUR,) * 4,
        (ActorType.CONSEJERA, ActorType.MUJERES),
        "Para mujeres que quieren orientar en su comunidad: qué hace una consejera y cómo empieza.",
        (("Ser consejera", 240), ("Escuchar y orientar", 240), ("Rutas y directorio", 240), ("Primeras visitas", 240)),
    ),
    SeedCourse(
        "Comunicar sobre migración en la radio local",
        CourseKind.CURSO,
        "Redes comunitarias",
        (4 * HOUR,) * 3,
        (ActorType.RADIO,),
        "Tres mañanas para hacer cápsulas que informan bien, en español y en el idioma del lugar.",
        (("Informar sin asustar", 240), ("Guion y entrevista", 240), ("Grabar y compartir", 240)),
    ),
    SeedCourse(
        "Diplomado en gestión municipal de la migración",
        CourseKind.DIPLOMADO,
        "Leyes y derechos",
        (4 * HOUR,) * 10,
        (ActorType.MUNICIPAL, ActorType.COMUDE),
        "Diez mañanas para planificar, presupuestar y coordinar la atención en el municipio.",
        (
            ("Movilidad humana en Guatemala", 480),
            ("Marco legal y competencias municipales", 480),
            ("Planes, presupuesto y coordinación", 720),
            ("Atención, referencia y protección", 480),
            ("Proyecto final", 240),
        ),
    ),
)
