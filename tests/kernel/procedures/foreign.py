"""Small files in the manner of other tools, written for these tests, each with its diagram."""

from lxml import etree

from qianshou.kernel.procedures.sketch import is_node

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
SPACES = (
    f'xmlns:bpmn="{BPMN}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI" '
    'xmlns:qs="urn:qianshou:bpmn" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:modeler="http://camunda.org/schema/modeler/1.0" '
    'xmlns:flowable="http://flowable.org/bpmn" xmlns:activiti="http://activiti.org/bpmn" '
    'xmlns:signavio="http://www.signavio.com" targetNamespace="http://bpmn.io/schema/bpmn"'
)
LINE = """
<bpmn:process id="p" isExecutable="{runs}">
  <bpmn:startEvent id="s"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
  {inside}
  <bpmn:endEvent id="e"/>
  <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="a"/>
  <bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="e"/>
</bpmn:process>
"""


def line(inside: str, runs: str = "true") -> str:
    """Return a process of one activity `a` between a start and an end."""
    return LINE.format(inside=inside, runs=runs)


POOLS = """
<bpmn:collaboration id="c">
  <bpmn:participant id="ours" name="区治理中心" processRef="p"/>
  <bpmn:participant id="theirs" name="镇街" processRef="q"/>
  <bpmn:participant id="shut" name="群众"/>
  <bpmn:messageFlow id="m1" name="通知" sourceRef="a" targetRef="w"/>
  <bpmn:messageFlow id="m2" sourceRef="shut" targetRef="ours"/>
  <bpmn:textAnnotation id="note"><bpmn:text>五日内办结</bpmn:text></bpmn:textAnnotation>
  <bpmn:association id="tie" sourceRef="a" targetRef="note"/>
  <bpmn:group id="g" categoryValueRef="cv"/>
</bpmn:collaboration>
<bpmn:category id="cat"><bpmn:categoryValue id="cv" value="前期"/></bpmn:category>
<bpmn:dataStore id="ds0" name="底册"/>
<bpmn:process id="q" isExecutable="false">
  <bpmn:task id="w" name="办理"/>
  <bpmn:intermediateCatchEvent id="cc"><bpmn:conditionalEventDefinition/></bpmn:intermediateCatchEvent>
</bpmn:process>
""" + line(
    '<bpmn:laneSet id="ls"><bpmn:lane id="l1" name="town_desk">'
    "<bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
    '<bpmn:userTask id="a" name="登记"><bpmn:dataInputAssociation id="dia">'
    "<bpmn:sourceRef>d</bpmn:sourceRef></bpmn:dataInputAssociation></bpmn:userTask>"
    '<bpmn:dataObjectReference id="d" name="表格" dataObjectRef="d0"/>'
    '<bpmn:dataObject id="d0"/><bpmn:dataStoreReference id="ds" dataStoreRef="ds0"/>'
)

FILES = {
    "bpmn-js": line('<bpmn:userTask id="a" name="Task"/>'),
    "not executable, plain task": line('<bpmn:task id="a" name="Task"/>', "false"),
    "camunda 7": line(
        '<bpmn:userTask id="a" camunda:formKey="embedded:app:x" camunda:candidateUsers="kim" '
        'camunda:candidateGroups="desk" camunda:dueDate="P5D"><bpmn:extensionElements>'
        '<camunda:taskListener event="create" class="x.Y"/><camunda:formData/>'
        "</bpmn:extensionElements></bpmn:userTask>"
    ),
    "camunda 7, external": line(
        '<bpmn:serviceTask id="a" camunda:type="external" camunda:topic="send_letter"/>'
    ),
    "camunda 7, expression": line(
        '<bpmn:userTask id="a" camunda:assignee="${initiator}" camunda:candidateGroups="desk"/>'
    ),
    "camunda 8": line(
        '<bpmn:userTask id="a"><bpmn:extensionElements><zeebe:userTask/>'
        '<zeebe:formDefinition formId="receive"/><zeebe:assignmentDefinition '
        'candidateGroups="desk" assignee="=officer"/><zeebe:taskSchedule dueDate="P3D"/>'
        "</bpmn:extensionElements><bpmn:multiInstanceLoopCharacteristics isSequential=\"true\">"
        '<bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=towns" '
        'inputElement="town" outputCollection="told"/></bpmn:extensionElements>'
        '<bpmn:completionCondition xsi:type="bpmn:tFormalExpression">'
        "=numberOfCompletedInstances &gt;= 2</bpmn:completionCondition>"
        "</bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"
    ),
    "flowable": line(
        '<bpmn:userTask id="a" flowable:candidateGroups="desk" flowable:formKey="receive" '
        'flowable:skipExpression="x"><bpmn:extensionElements>'
        '<flowable:formProperty id="ok" type="boolean"/></bpmn:extensionElements></bpmn:userTask>'
    ),
    "activiti": line('<bpmn:userTask id="a" activiti:candidateGroups="desk" activiti:priority="1"/>'),
    "signavio": line(
        '<bpmn:userTask id="a"><bpmn:extensionElements><signavio:signavioMetaData '
        'metaKey="bgcolor" metaValue="#ffffcc"/></bpmn:extensionElements></bpmn:userTask>',
        "false",
    ),
    "pools": POOLS,
    "two that could run": POOLS.replace('isExecutable="true"', 'isExecutable="false"'),
    "script": line(
        '<bpmn:scriptTask id="a" scriptFormat="javascript"><bpmn:script>1</bpmn:script>'
        "</bpmn:scriptTask>"
    ),
    "everything refused": line(
        '<bpmn:complexGateway id="a"/><bpmn:transaction id="t1"/><bpmn:adHocSubProcess id="t2"/>'
        '<bpmn:task id="t3"><bpmn:standardLoopCharacteristics/></bpmn:task>'
        '<bpmn:intermediateThrowEvent id="t4"><bpmn:compensateEventDefinition/>'
        "</bpmn:intermediateThrowEvent><bpmn:callChoreography id=\"t5\"/>"
    ),
    "choreography": '<bpmn:choreography id="x"><bpmn:choreographyTask id="ct" name="询问" '
    'initiatingParticipantRef="p1"/></bpmn:choreography>',
    "conversation": '<bpmn:collaboration id="x"><bpmn:participant id="p1" name="甲"/>'
    '<bpmn:conversation id="cv" name="商谈"/><bpmn:conversationLink id="cl" sourceRef="p1" '
    'targetRef="cv"/></bpmn:collaboration>',
    "collapsed": line(
        '<bpmn:subProcess id="a"><bpmn:startEvent id="is"/><bpmn:endEvent id="ie"/>'
        '<bpmn:sequenceFlow id="if" sourceRef="is" targetRef="ie"/></bpmn:subProcess>'
    ),
    "events": line(
        '<bpmn:subProcess id="a"><bpmn:startEvent id="is"/><bpmn:endEvent id="ie">'
        '<bpmn:errorEventDefinition errorRef="err"/></bpmn:endEvent>'
        '<bpmn:sequenceFlow id="if" sourceRef="is" targetRef="ie"/></bpmn:subProcess>'
        '<bpmn:boundaryEvent id="b" attachedToRef="a"><bpmn:errorEventDefinition errorRef="err"/>'
        '</bpmn:boundaryEvent><bpmn:endEvent id="be"/>'
        '<bpmn:sequenceFlow id="bf" sourceRef="b" targetRef="be"/>'
        '<bpmn:subProcess id="aside" triggeredByEvent="true"><bpmn:startEvent id="as" '
        'isInterrupting="false"><bpmn:signalEventDefinition signalRef="sig"/></bpmn:startEvent>'
        '<bpmn:endEvent id="ae"/><bpmn:sequenceFlow id="af" sourceRef="as" targetRef="ae"/>'
        "</bpmn:subProcess>"
    )
    + '<bpmn:error id="err" errorCode="E1"/><bpmn:signal id="sig" name="停工"/>',
    "shared trigger": line(
        '<bpmn:intermediateCatchEvent id="a"><bpmn:eventDefinitionRef>td</bpmn:eventDefinitionRef>'
        "</bpmn:intermediateCatchEvent>"
    )
    + '<bpmn:timerEventDefinition id="td"><bpmn:timeDuration>P5D</bpmn:timeDuration>'
    "</bpmn:timerEventDefinition>",
    "shared by nobody": line(
        '<bpmn:intermediateCatchEvent id="a"><bpmn:eventDefinitionRef>td</bpmn:eventDefinitionRef>'
        "</bpmn:intermediateCatchEvent>"
    ),
    "nothing": "",
}  # fmt: skip


def foreign(name: str, *, pictured: bool = True) -> bytes:
    """Return a file of the corpus; `pictured` with a place for everything that can have one."""
    text = f'<bpmn:definitions {SPACES} id="d">{FILES[name]}</bpmn:definitions>'
    root = etree.fromstring(text)
    if pictured:
        root.append(_diagram(root))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _diagram(root: etree._Element) -> etree._Element:
    shapes = []
    boxes = ("lane", "participant", "group", "textAnnotation", "conversation")
    links = (
        "sequenceFlow", "messageFlow", "association", "conversationLink", "dataInputAssociation",
    )  # fmt: skip
    for number, element in enumerate(root.iter(f"{{{BPMN}}}*")):
        tag, key = etree.QName(element).localname, element.get("id")
        if key and (is_node(tag) or tag in boxes or tag.endswith("Reference")):
            shapes.append(
                f'<bpmndi:BPMNShape bpmnElement="{key}"><dc:Bounds x="{number * 20}" y="80" '
                'width="100" height="80"/></bpmndi:BPMNShape>'
            )
        elif key and tag in links:
            shapes.append(
                f'<bpmndi:BPMNEdge bpmnElement="{key}"><di:waypoint x="{number}" y="1"/>'
                '<di:waypoint x="9" y="90"/></bpmndi:BPMNEdge>'
            )
    told = f'<d {SPACES}><bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="p">{"".join(shapes)}'
    return etree.fromstring(f"{told}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></d>")[0]
