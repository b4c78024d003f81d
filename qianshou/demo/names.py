"""Names of people who do not exist, and the organisations of the demonstration district."""

SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏"
    "程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武"
)
_PAIRS = (
    "志强建华晓敏丽娟国栋雪梅海燕明辉秀兰永刚春梅文静德明小芳俊杰婷婷立新佳慧伟东红霞"
    "建国思源宇航静怡正华玉珍凯文雨晴大勇晓燕光明慧敏子轩若兰天宇欣然长江素芬家豪梦瑶"
    "成林月英浩然诗涵世杰美玲振宇佩珊向东淑芳"
)
GIVEN = [_PAIRS[place : place + 2] for place in range(0, len(_PAIRS), 2)]

BUREAUS = {
    "housing": ("区住房城乡建委", "Housing and Construction"),
    "city": ("区城市管理局", "City Administration"),
    "environment": ("区生态环境局", "Ecology and Environment"),
    "labour": ("区人力社保局", "Human Resources and Social Security"),
    "market": ("区市场监管局", "Market Regulation"),
    "water": ("区水利局", "Water"),
    "fire": ("区消防救援局", "Fire and Rescue"),
    "traffic": ("区交通运输委", "Transport"),
    "civil": ("区民政局", "Civil Affairs"),
    "women": ("区妇联", "Women's Federation"),
    "justice": ("区司法局", "Justice"),
    "power": ("国网大足供电公司", "Power supply"),
}

LEADS = {
    "noise.work": "housing", "city.light": "city", "city.road": "city", "city.parking": "city",
    "city.stall": "city", "city.waste": "environment", "dispute.wage": "labour",
    "dispute.consumer": "market", "utility.water": "water", "utility.power": "power",
    "safety.fire": "fire", "people.elder": "civil", "dispute.family": "women",
}  # fmt: skip

CALLS = [
    ("noise.work", 14, "{spot}夜间施工噪声扰民", "工地夜里十点后仍在施工，影响休息"),
    ("noise.life", 12, "{spot}广场舞音响太吵", "晚上音响声音大，老人孩子睡不着"),
    ("city.road", 9, "{spot}护栏松动", "护栏螺栓掉了几颗，怕有人摔下去"),
    ("city.light", 8, "{spot}路灯不亮", "一排路灯不亮已有几天，晚上看不清路"),
    ("city.waste", 9, "{spot}垃圾堆放无人清运", "垃圾堆了好几天，气味很大"),
    ("city.parking", 8, "{spot}车辆乱停堵路", "小车停在路口，消防车都进不来"),
    ("city.stall", 6, "{spot}占道摆摊", "摊位占了人行道，行人只能走车道"),
    ("dispute.neighbour", 9, "{spot}邻里排水纠纷", "邻居改了排水沟，下雨水流到我家院子"),
    ("dispute.wage", 6, "{spot}拖欠工资", "做了三个月，工资一直没结"),
    ("dispute.house", 5, "{spot}门面租金纠纷", "房东要涨租金，不同意就锁门"),
    ("dispute.family", 4, "{spot}家庭纠纷请求调解", "两口子吵架闹了几天，请来劝一劝"),
    ("dispute.consumer", 4, "{spot}买到问题家电不给退", "买的冰箱三天就坏，店家不认"),
    ("people.animal", 5, "{spot}流浪狗伤人", "几只狗经常追人，有小孩被吓到"),
    ("utility.water", 5, "{spot}停水无人处理", "停水两天，没有通知"),
    ("utility.power", 3, "{spot}停电", "一下雨就停电"),
    ("safety.fire", 3, "{spot}楼道堆放杂物", "楼道堆满纸箱，怕着火"),
    ("people.elder", 2, "{spot}老人走失求助", "老人早上出门一直没回来"),
    ("police.fight", 3, "{spot}有人打架", "几个人打起来了"),
    ("police.bike", 2, "{spot}电动车被盗", "停在楼下的电动车被偷"),
    ("safety.water", 1, "{spot}有人落水", "河边有人落水，快来"),
]
SPOTS = [
    "老街口",
    "农贸市场",
    "车站旁",
    "河堤步道",
    "新区广场",
    "中学门口",
    "卫生院旁",
    "安置房三组",
    "五金市场",
    "桥头",
]
